"""A name that could not be resolved is the receiver's fault only if a name server says so."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Callable

import pytest

from app.delivery import resolver
from app.delivery.resolver import ResolverProbe
from app.delivery.sender import CurlSender
from app.domain.outcome import FILES, LOCAL_FAULTS, MEMORY, RESOLVER, THREADS
from tests.support.deliveries import LOCAL, request, send
from tests.support.scarce_files import files_left
from tests.support.wait import wait_until

NAME = "http://no-such-host.invalid/"


def failing(error: Exception) -> Callable[[str, None], object]:
    def lookup(*_: object) -> object:
        raise error

    return lookup


ANSWERS = [
    (socket.gaierror(socket.EAI_NONAME, "unknown"), "dns"),
    (socket.gaierror(socket.EAI_NODATA, "no address"), "dns"),
    (socket.gaierror(socket.EAI_AGAIN, "temporary failure"), RESOLVER),
    (socket.gaierror(socket.EAI_FAIL, "failure"), RESOLVER),
    (socket.gaierror(socket.EAI_SYSTEM, "see errno"), RESOLVER),
    (OSError(errno.EMFILE, "files"), FILES),
    (OSError(errno.ENOMEM, "memory"), MEMORY),
]


@pytest.mark.parametrize(("error", "word"), ANSWERS)
def test_what_the_name_server_says_of_a_name_that_does_not_exist_decides(error, word):
    sender = CurlSender(LOCAL, 4, lookup=failing(error))
    outcome = send(sender, NAME)
    sender.close()
    assert outcome.error == word
    assert outcome.error_message == LOCAL_FAULTS.get(word, "the receiver's host name could not be resolved")  # fmt: skip


def test_a_server_that_answers_everything_answers():
    sender = CurlSender(LOCAL, 4, lookup=lambda *_: [])
    assert send(sender, NAME).error == "dns"
    sender.close()


def test_a_server_that_is_silent_is_away(monkeypatch):
    monkeypatch.setattr(resolver, "PATIENCE_S", 0.1)
    silent = threading.Event()
    sender = CurlSender(LOCAL, 4, lookup=lambda *_: silent.wait(10))
    assert send(sender, NAME).error == RESOLVER
    assert sender.in_flight == 0
    silent.set()
    sender.close()


def test_a_request_counts_as_in_flight_until_that_is_decided():
    silent = threading.Event()
    sender = CurlSender(LOCAL, 1, lookup=lambda *_: silent.wait(10))
    sender.start("first", request(NAME), due_us=0, now_us=0)
    wait_until(lambda: sender.poll(10) == [] and sender._unresolved, "the name is not resolved")
    assert (sender.in_flight, sender.room) == (1, 0)
    assert sender.abandon() == ["first"]
    assert sender.in_flight == 0
    silent.set()
    sender.close()


def test_without_a_thread_nothing_can_be_resolved(monkeypatch):
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    probe = ResolverProbe()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    probe.ask()
    assert probe.verdict() == (True, THREADS)


def test_an_answer_counts_for_a_moment(monkeypatch):
    asked = []
    probe = ResolverProbe(lambda *_: asked.append(1))
    probe.ask()
    wait_until(lambda: probe.verdict()[0], "the answer")
    probe.ask()
    assert asked == [1]
    monkeypatch.setattr(resolver, "KEEP_S", 0.0)
    probe.ask()
    wait_until(lambda: asked == [1, 1], "another question")


def test_a_process_without_files_cannot_ask():
    with files_left(0):
        probe = ResolverProbe()
        probe.ask()
        assert probe.verdict() == (True, FILES)


def test_an_answer_that_comes_while_the_verdict_is_asked_for_does_no_harm(monkeypatch):
    """The thread that asks may end between any two steps."""
    probe = ResolverProbe(lambda *_: [])
    silent = threading.Event()
    monkeypatch.setattr(probe, "_lookup", lambda *_: silent.wait(10))
    probe.ask()

    def answered() -> float:
        probe._asked_s = None
        return now_s

    now_s = time.monotonic()
    monkeypatch.setattr(resolver.time, "monotonic", answered)
    assert probe.verdict() == (False, None)
    assert probe.verdict() == (True, None)
    silent.set()
