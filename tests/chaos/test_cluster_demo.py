"""``make cluster-demo`` delivers, shows what becomes of a node, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT, Program, clean_environ, pids_with_environ
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e


def test_the_demo_shows_what_becomes_of_a_node_that_is_killed(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "tests.chaos.cluster_demo"]
    environ = clean_environ() | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    demo = Program("demo", argv, environ | {"MARK": str(tmp_path)}, cwd=tmp_path)
    demo.start()
    try:
        wait_until(lambda: demo.output.count(" ms") >= 6, "webhooks come")
        (victim,) = re.findall(r"kill -9 (\d+)", demo.output)
        os.kill(int(victim), signal.SIGKILL)
        wait_until(lambda: f"(pid {victim}): has ended" in demo.output, "it says that it has ended")
        demo.signal(signal.SIGINT)
        assert demo.wait() == 0, demo.output
    finally:
        demo.kill()
    assert not pids_with_environ(str(tmp_path))
