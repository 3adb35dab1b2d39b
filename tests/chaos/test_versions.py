"""What a rolling upgrade does and in which order; ``make upgrade`` does it.

A short form of it is here: from the commit before, a program at a time, while deliveries go on.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.versions import (
    AND_BACK,
    BETWEEN_S,
    BOTH,
    EARLIER,
    THERE,
    THIS,
    earlier,
    upgrades,
)
from tests.support.processes import ROOT, Program, checkout
from tests.support.receiver import Receiver
from tests.support.stack import WORKER, Stack
from tests.support.wait import wait_until

BEFORE = "HEAD~1"
BATCH = 15

SECONDS = 140.0
PROGRAMS = 8


def test_every_program_is_replaced_when_a_version_is_to_be_the_only_one() -> None:
    faults = upgrades(1, SECONDS, THERE)
    begin_s = SECONDS * 2 / 3
    replaced = {
        (one.target, one.number)
        for one in faults
        if one.how == "term" and begin_s <= one.at_s < begin_s + PROGRAMS * BETWEEN_S
    }
    assert len(replaced) >= PROGRAMS
    assert {target for target, _ in replaced} >= {"deliver", "scheduler", "upkeep", "web"}
    assert [one.at_s for one in faults] == sorted(one.at_s for one in faults)
    assert {one.how for one in faults} <= {"kill", "term"}


def test_on_the_way_back_both_versions_are_there_before_either_is_alone() -> None:
    assert (AND_BACK[0], AND_BACK[-1]) == (EARLIER, THIS)
    assert AND_BACK[1::2] == (BOTH, BOTH, BOTH)
    assert AND_BACK.count(EARLIER) == 2


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """All of it as the commit before; skipped where that can't be had."""
    if not history("rev-parse", "--verify", "--quiet", f"{BEFORE}^{{commit}}"):
        pytest.skip("the commit before is not here: this is no clone, or one without history")
    if history("diff", "--name-only", BEFORE, "--", "requirements.lock"):
        pytest.skip("the commit before needs other packages than those that are installed")
    checkout(tmp_path)
    stack = Stack(workers=1, LEASE="2s")
    earlier(BEFORE, stack.directory)
    with stack:
        yield stack


def history(*argv: str) -> str:
    """What git says of this checkout; nothing if it can't."""
    asked = ["git", "-C", str(ROOT), *argv]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


@pytest.mark.e2e
def test_the_commit_before_and_this_one_deliver_side_by_side(stack: Stack, tmp_path: Path) -> None:
    """Nothing is lost while a worker and the API are replaced: the others stay as they were."""
    earlier_worker, newer = stack.workers[0], stack.program("newer", *WORKER, "deliver")
    stack.workers.append(newer)
    with Receiver() as receiver:
        made = create(stack, receiver)
        replace(newer, tmp_path)
        made |= create(stack, receiver)
        for program in (stack.upkeep, stack.web):
            assert program is not None
            program.stop()
            replace(program, tmp_path)
        wait_until(stack.api.answers, "the API answers")
        made |= create(stack, receiver)
        earlier_worker.kill()
        wait_until(lambda: completed(stack) == made, "all is delivered and recorded")
        assert {one.json["event_id"] for one in receiver.requests} == made


def replace(program: Program, home: Path) -> None:
    """Start a program as the version that is in a directory."""
    program.home = home
    program.start()


def create(stack: Stack, receiver: Receiver) -> set[str]:
    """Have some delivered in the next moments, a few at once."""
    return {stack.api.create(receiver.url(), ahead=0.1 * n)["id"] for n in range(BATCH)}


def completed(stack: Stack) -> set[str]:
    """The events that have completed."""
    found = stack.api.get("/occurrences?status=completed&limit=100")["data"]
    return {one["event_id"] for one in found}
