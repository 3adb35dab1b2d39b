"""Ctrl-C in whatever takes long: it says how to go on, and ends with 130. Bars are for people.

qhronos/cli/long_work.py, and what every command does with it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn, Self

import pytest

from qhronos.cli import waiting
from qhronos.client.bulk import BulkJobs
from qhronos.client.client import Client
from qhronos.client.resources import Events, Occurrences
from tests.docs.pages import ROOT
from tests.qhronos.cli.conftest import Run

HOOK = "http://127.0.0.1:9/"
EVENT = {
    "id": "i", "name": "n", "status": "active", "key": "k",
    "action": {"type": "webhook", "params": {"url": HOOK}},
}  # fmt: skip
PATIENCE_S = 60.0

Answers = dict[str, list[Any]]
"""By method and path, the body of each answer. Who asks once more waits for ever."""


class Service(ThreadingHTTPServer):
    """Answers as it is told; ``hangs`` is set when it lets somebody wait."""

    daemon_threads = True

    def __init__(self, answers: Answers) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.hangs, self.is_over = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        about = f"{self.command} {self.path.partition('?')[0]}"
        left = self.server.answers[about]
        if not left:
            self.server.hangs.set()
            self.server.is_over.wait(PATIENCE_S)
            return
        body = json.dumps(left.pop(0)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if about == "GET /events":
            self.send_header("Link", '<http://x/events?cursor=c>; rel="next"')
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - the names that the library calls

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def stopped(home: Path) -> Callable[..., tuple[int, str]]:
    """Runs a command, and sends it SIGINT when its service lets it wait."""

    def run(answers: Answers, *words: str) -> tuple[int, str]:
        with Service(answers) as service:
            settings = {
                "QHRONOS_URL": f"http://127.0.0.1:{service.server_port}",
                "QHRONOS_TOKEN": "t",
            }
            with subprocess.Popen(
                [sys.executable, "-m", "qhronos", *words],
                stderr=subprocess.PIPE, text=True, cwd=home,
                env={**os.environ, **settings, "PYTHONPATH": str(ROOT)},
            ) as command:  # fmt: skip
                assert service.hangs.wait(PATIENCE_S)
                command.send_signal(signal.SIGINT)
                _, said = command.communicate(timeout=PATIENCE_S)
                return command.returncode, said

    return run


def test_sigint_leaves_an_export_that_goes_on(stopped: Any, home: Path) -> None:
    answers = {
        "GET /status": [{"status": "ok", "version": "1"}],
        "GET /events": [[EVENT]],
        **{
            f"GET /{name}": [[]]
            for name in ("calendars", "flows", "alerts", "tokens", "signing-secrets")
        },
    }
    code, said = stopped(answers, "export", "all.jsonl")
    assert (code, said.splitlines()[-1]) == (130, "Stopped.")
    assert "To go on: qhronos export all.jsonl --resume" in said
    types = [json.loads(line)["type"] for line in (home / "all.jsonl").read_text().splitlines()]
    assert types == ["qhronos-export", "mark", "event", "mark"]


CRONTAB = "0 9 * * * /bin/a\n"
YAML = f"{{key: KEY, name: n, webhook: {HOOK!r}, start_time: 2031-01-01T00:00:00Z}}"
AGAIN = "To go on: the same command again. What is done already is not done twice."
BEGUN = "It may have begun: see 'qhronos jobs list'."


@pytest.mark.parametrize(
    ("words", "stops_in", "sentence"),
    [
        ("import crontab jobs.cron --webhook http://h/{name}", (Events, "put"), AGAIN),
        ("import ics a.ics", (Events, "import_calendar"), AGAIN),
        ("apply -f e.yaml --yes", (Events, "get_by_key"), "Nothing is changed."),
        ("apply -f e.yaml --yes", (Events, "create"), "0 of 1 changes are made: run this again"),
        ("bulk delete --tag KEY --yes", (BulkJobs, "start"), BEGUN),
        ("bulk delete --tag KEY --yes --wait", (waiting.time, "sleep"), "The job goes on: "),
        ("deadletters redeliver --all --yes", (Occurrences, "redeliver_many"), BEGUN),
        ("events trigger KEY --wait", (waiting.time, "sleep"), "It goes on: see 'qhronos occ"),
        ("export all.jsonl", (Client, "status"), "Nothing is written to all.jsonl."),
        ("audit export log.jsonl", (Client, "audit_lines"), "Nothing is left in log.jsonl"),
        ("audit verify", (Client, "audit_lines"), "Stopped."),
        ("occurrences tail", (Client, "changes"), "Stopped."),
        ("status --watch", (Client, "status"), "Stopped."),
        ("doctor", (Client, "status"), "Stopped."),
    ],
)
def test_ctrl_c_says_how_to_go_on(
    on_app: Run, home: Path, monkeypatch: pytest.MonkeyPatch,
    words: str, stops_in: tuple[Any, str], sentence: str,
) -> None:  # fmt: skip
    (home / "jobs.cron").write_text(CRONTAB)
    (home / "a.ics").write_text("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    (home / "e.yaml").write_text(YAML.replace("KEY", home.name))
    if "KEY" in words:
        assert on_app("events", "create", "--name", "n", "--webhook", HOOK, "--delay", "9h",
                      "--key", home.name, "--tag", home.name).code == 0  # fmt: skip
    monkeypatch.setattr(Occurrences, "count_to_redeliver", lambda *_, **__: 1)

    def stop(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(*stops_in, stop)
    ended = on_app(*words.replace("KEY", home.name).split())
    assert ended.code == 130
    assert sentence in ended.err
    assert ended.err.splitlines()[-1] == "Stopped."
    assert not [*home.glob("*.jsonl")]


@pytest.mark.parametrize("words", ["audit verify", "apply -f e.yaml --yes --json"])
def test_a_bar_is_for_people_at_a_terminal(
    on_app: Run, home: Path, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is on standard error alone, and what programs read is the same with and without it."""
    (home / "e.yaml").write_text(YAML.replace("KEY", home.name))
    on_app(*words.split())  # what is there to be changed is changed once
    without = on_app(*words.split())
    assert "\x1b" not in without.err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with_bar = on_app(*words.split())
    assert "\x1b" in with_bar.err
    assert with_bar.out == without.out
