"""Waiting: to the fraction of a millisecond, and no longer than until there is news."""

from __future__ import annotations

import fcntl
import resource
import socket
import time
from collections.abc import Iterator

import pytest

from app.delivery.waiting import SELECTABLE, wait_for

LONG_MS = 30_000.0


@pytest.fixture(params=[0, SELECTABLE + 7], ids=["low", "high"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a connection, whose file descriptors are numbered at least so high."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, SELECTABLE + 100), hard))
    ends = socket.socketpair()
    raised = [socket.socket(fileno=fcntl.fcntl(one, fcntl.F_DUPFD, request.param)) for one in ends]
    for one in ends:
        one.close()
    yield raised[0], raised[1]
    for one in raised:
        one.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def seconds(readable: list[int], writable: list[int], wait_ms: float) -> float:
    begun = time.perf_counter()
    wait_for(readable, writable, wait_ms)
    return time.perf_counter() - begun


def test_it_waits_for_fractions_of_a_millisecond(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    assert seconds([pair[0].fileno()], [], 1.5) >= 0.0015
    assert seconds([], [], 1.5) >= 0.0015


def test_news_end_the_wait(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    other.send(b"x")
    assert seconds([one.fileno()], [], LONG_MS) < 10
    assert seconds([], [one.fileno()], LONG_MS) < 10


def test_one_that_may_be_written_or_was_closed_ends_the_wait(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    one, other = pair
    assert seconds([], [one.fileno()], LONG_MS) < 10
    other.close()
    assert seconds([one.fileno()], [], LONG_MS) < 10


def test_a_moment_that_has_passed_is_not_waited_for(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    assert seconds([pair[0].fileno()], [], -5.0) < 10
