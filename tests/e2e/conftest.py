"""A receiver, stacks that tests share, and the logs of a stack beside the test that failed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Any

import pytest

from qhronos import NotFound
from tests.support.api_client import Api
from tests.support.receiver import Receiver
from tests.support.stack import ALIVE, Stack


@pytest.fixture(scope="session")
def shared_stack() -> Iterator[Stack]:
    """What most tests share; they ask for ``stack``. Tests of other folders may come between."""
    with Stack(workers=2) as stack:
        yield stack


@pytest.fixture
def stack(shared_stack: Stack) -> Stack:
    """The stack with everything up, whatever the test before has killed."""
    shared_stack.up()
    return shared_stack


@pytest.fixture
def api(stack: Stack) -> Iterator[Api]:
    """The API by the master token; what a test leaves active is deleted after it."""
    yield stack.api
    for event in list(stack.api.client.events.list(status="active", limit=1000)):
        with suppress(NotFound):
            stack.api.client.events.delete(event.id)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An endpoint for webhooks that answers 200 unless told otherwise."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def other_receiver() -> Iterator[Receiver]:
    """Another endpoint: another target."""
    with Receiver() as receiver:
        yield receiver


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    report = yield
    if report.failed:
        report.sections += [("what the processes wrote", stack.log()) for stack in ALIVE]
    return report
