"""The API itself, started anew in every way under load: each request is answered, and in time."""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.support.processes import children
from tests.support.stack import MASTER_TOKEN, Stack
from tests.support.wait import crowding, wait_until

pytestmark = pytest.mark.e2e

SOON_S = 1.0
"""A gap without anybody who serves is as long as the application takes to load: seconds. The aim is
250 ms, which a machine that runs other tests can't promise."""


class Asker:
    """Asks without end, on a connection that it keeps as long as it is let."""

    def __init__(self, port: int, method: str, path: str, body: str | None, *, keeps: bool) -> None:
        self.took: list[float] = []
        self.faults: list[str] = []
        self._port, self._asks, self._keeps = port, (method, path, body), keeps

    def ask(self, go_on: Callable[[], bool]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        headers = {
            "Authorization": f"Bearer {MASTER_TOKEN}",
            "Content-Type": "application/json",
            "Connection": "keep-alive" if self._keeps else "close",
        }
        while go_on():
            began = time.monotonic()
            try:
                connection.request(*self._asks, headers)  # connects anew if it has to
                answer = connection.getresponse()
                answer.read()
                if answer.status not in (200, 201):
                    self.faults.append(str(answer.status))
            except (OSError, http.client.HTTPException) as error:
                self.faults.append(repr(error))
                connection.close()
            self.took.append(time.monotonic() - began)
            time.sleep(0.02)
        connection.close()


@contextmanager
def asking(port: int) -> Iterator[list[Asker]]:
    body = '{"name":"a","start_time":"2035-01-01T00:00:00Z","webhook":"https://example.com/"}'
    askers = [Asker(port, "POST", "/events", body, keeps=True) for _ in range(3)]
    askers.append(Asker(port, "GET", "/health", None, keeps=False))
    ended = threading.Event()
    threads = [
        threading.Thread(target=asker.ask, args=(lambda: not ended.is_set(),)) for asker in askers
    ]
    for thread in threads:
        thread.start()
    try:
        yield askers
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def serving(stack: Stack, count: int) -> None:
    """Wait until so many workers have begun to serve since the start."""
    assert stack.web is not None
    web = stack.web
    wait_until(lambda: web.output.count("Serving (pid") == count, f"worker {count} serves")


def test_a_reload_and_a_change_of_masters_lose_nothing() -> None:
    """SIGHUP; then SIGUSR2, and SIGTERM for the master that was before."""
    with Stack(workers=0, WEB_WORKERS="2") as stack:
        assert stack.web is not None
        master = stack.web.pid
        serving(stack, 2)
        try:
            with asking(stack.port) as askers:
                first = set(children(master))
                stack.web.signal(signal.SIGHUP)
                serving(stack, 4)
                wait_until(lambda: not first & set(children(master)), "the first have ended")
                stack.web.signal(signal.SIGUSR2)
                serving(stack, 6)
                stack.web.signal(signal.SIGTERM)
                stack.web.wait()
                asked = [len(asker.took) for asker in askers]
                wait_until(lambda: min(grown(askers, asked)) > 5, "the other master serves")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(master, signal.SIGKILL)  # the other master, too
    assert [asker.faults for asker in askers] == [[], [], [], []]
    assert max(max(asker.took) for asker in askers) < SOON_S * crowding()


def test_a_reload_with_wrong_settings_changes_nothing() -> None:
    """The master reads the settings again: it must not end with all that it serves."""
    with Stack(workers=0) as stack:
        web = stack.web
        assert web is not None
        settings = stack.directory / ".env"
        settings.write_text("QHRONOS_AUDIT_MAX_BYTES=lots\n")
        web.signal(signal.SIGHUP)
        wait_until(lambda: "Not reloaded" in web.output, "the reload is refused")
        assert "QHRONOS_AUDIT_MAX_BYTES" in web.output
        assert stack.api.answers()
        before = set(children(web.pid))
        settings.unlink()
        web.signal(signal.SIGHUP)
        wait_until(lambda: not before & set(children(web.pid)), "new workers serve")
        wait_until(stack.api.answers, "the API answers")


def grown(askers: list[Asker], before: list[int]) -> list[int]:
    return [len(asker.took) - count for asker, count in zip(askers, before, strict=True)]
