"""Upkeep gives way to deliveries, whatever session it runs in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.niceness import wake_punctually
from tests.support.processes import ROOT

CODE = """
import os, sys
from pathlib import Path
from app.niceness import give_way
give_way(10, Path(sys.argv[1]))
print(os.getpriority(os.PRIO_PROCESS, 0) - int(sys.argv[2]))
"""

MORE = str(min(10, 19 - os.getpriority(os.PRIO_PROCESS, 0)))
"""By how much a process can become nicer: who runs the tests may be nice already."""


def nicer_by(group: Path, *, leads_session: bool) -> str:
    """How much nicer a process has become, ``group`` standing for its session's file."""
    own = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", CODE, str(group), own],
        cwd=ROOT, start_new_session=leads_session, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip


@pytest.mark.parametrize(("leads_session", "written"), [(True, "10\n"), (False, "")])
def test_a_session_gives_way_with_the_process_that_leads_it(
    tmp_path: Path, *, leads_session: bool, written: str
) -> None:
    """One that another process leads does not: the others in it did not ask for that."""
    group = tmp_path / "autogroup"
    group.touch()
    assert nicer_by(group, leads_session=leads_session) == MORE
    assert group.read_text() == written


def test_a_system_without_sessions_groups_or_one_that_refuses_is_left_alone(
    tmp_path: Path,
) -> None:
    """The process is nicer all the same, and no file is made."""
    absent = tmp_path / "absent"
    assert nicer_by(absent, leads_session=True) == MORE
    assert not absent.exists()
    assert nicer_by(tmp_path, leads_session=True) == MORE


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="Linux has it, if built in")
def test_linux_takes_what_is_written() -> None:
    code = "from app.niceness import *; give_way(10); print(AUTOGROUP.read_text().split()[-1])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, start_new_session=True, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "10\n"


def test_a_delivery_worker_sleeps_no_longer_than_it_asks_for(tmp_path: Path) -> None:
    """Other systems than Linux have no such file, and it is not made."""
    slack = tmp_path / "timerslack_ns"
    wake_punctually(slack)
    assert not slack.exists()
    slack.write_text("50000")
    wake_punctually(slack)
    assert slack.read_text() == "1"
