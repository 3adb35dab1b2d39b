"""A log in JSON is JSON line by line, from every process, whatever happens to it."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_client import Api
from tests.support.ports import free_port
from tests.support.processes import Program, checkout, clean_environ
from tests.support.stack import MASTER_TOKEN, SETTINGS
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e

ROLES = {"store", "web", "scheduler", "upkeep", "deliver-1", "run"}


@pytest.mark.timeout(120)
def test_make_run_with_a_crash_and_a_restart(tmp_path: Path) -> None:
    """Its banner, its store's own lines, gunicorn's and those of a process that is killed."""
    checkout(tmp_path)
    port = free_port()
    settings = SETTINGS | {"PORT": str(port), "LOG_FORMAT": "json", "WORKERS": "1"}
    environ = clean_environ() | {f"QHRONOS_{name}": value for name, value in settings.items()}
    argv = [sys.executable, "-m", "app.runtime", "--no-inbox"]
    run = Program("run", argv, environ, cwd=tmp_path)
    run.start()
    try:
        api = Api(port, MASTER_TOKEN)
        wait_until(api.answers, "it serves")
        wait_until(lambda: api.get("/status")["workers"], "the worker is there")
        os.kill(child_of(run, "worker.py deliver"), signal.SIGKILL)
        wait_until(lambda: "SIGKILL" in run.output, "its end is told")
        wait_until(
            lambda: api.get("/status")["workers"] == 2, "it was started again, and announced"
        )
        assert run.stop()[0] == 0
    finally:
        run.kill()
    entries: list[dict[str, Any]] = [json.loads(line) for line in run.output.splitlines()]
    assert all(entry["time"] and entry["level"] for entry in entries)
    assert {entry["process"] for entry in entries} <= ROLES
    killed = [entry for entry in entries if "SIGKILL" in entry["message"]]
    assert [entry["process"] for entry in killed] == ["deliver-1"]


def test_a_start_that_is_refused(tmp_path: Path) -> None:
    checkout(tmp_path)
    environ = clean_environ() | {"QHRONOS_LOG_FORMAT": "json"}
    for argv in (["worker.py"], ["-m", "gunicorn", "wsgi:app"]):
        program = Program("refused", [sys.executable, *argv], environ, cwd=tmp_path)
        program.start()
        assert program.wait() == 2
    for line in program.output.splitlines():
        assert "QHRONOS_JWT_SECRET" in json.loads(line)["message"]


def child_of(program: Program, words: str) -> int:
    """The id of a child process with these words in its command line."""
    children = Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()
    for child in map(int, children):
        command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        if re.search(re.escape(words), command):
            return child
    raise AssertionError(f"no child with {words}")
