"""The console in a real browser, on a real instance: see ``tests/console/visit.py``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.console.visiting import NO_BROWSER, browser_python, chromium, visit
from tests.support.api_client import Api
from tests.support.receiver import Receiver
from tests.support.stack import MASTER_TOKEN, Stack

pytestmark = pytest.mark.e2e


@pytest.fixture
def stack() -> Iterator[Stack]:
    """One of its own: what pages show is what somebody has done here, and nobody else."""
    with Stack(workers=2) as stack:
        yield stack


@pytest.mark.timeout(480)
def test_somebody_works_in_the_console_and_nothing_is_wrong(
    stack: Stack, receiver: Receiver
) -> None:
    """Every page and act, hostile texts, two tabs, a revoked token; and what axe finds."""
    python, program = browser_python(), chromium()
    if python is None or program is None:
        pytest.skip(NO_BROWSER)
    url = f"http://127.0.0.1:{stack.port}"
    for number in range(12):  # what others have planned is on the pages, too
        schedule = {"cron": f"{number} 9 * * *"}
        plan = {"name": f"Report {number}", "schedule": schedule, "webhook": receiver.url("/")}
        assert Api(stack.port, MASTER_TOKEN).call("POST", "/events", plan).status == 201
    found = visit(python, program, url, MASTER_TOKEN, receiver.url("/"))
    assert found["problems"] == [], "\n".join(found["problems"])
    assert len(found["done"]) == 15
