"""A channel on a real server: its calls come back, whatever becomes of its connection.

It works on redis-py's connections themselves, below the client. When one of these tests fails
after a change of redis-py, look in ``redis/connection.py`` for what the test names, and change
``app.store.channel`` (and ``WakeListener.fileno``, ``StoreClient.direct``) alike.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import redis

import app.store.channel as channel_module
from app.errors import StoreUnavailable
from app.store.calls import Call, Deferral, release_call
from app.store.channel import Channel
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.coordination import WakeListener
from app.store.keys import WAKE
from app.store.scripts import Scripts
from tests.support.wait import wait_until


@pytest.fixture
def client(store_url: str) -> Iterator[StoreClient]:
    with connect(store_url) as made:
        yield made


@pytest.fixture
def channel(client: StoreClient) -> Iterator[Channel]:
    made = Channel(client, Scripts(client))
    yield made
    made.close()


def call() -> Call:
    return release_call(0, (), 1, 1)


def note_call() -> Call:
    """One whose answer looks otherwise."""
    return release_call(0, [Deferral(b"o" * 16, b"t", 1)], 1, 1)


def received(channel: Channel) -> Any:
    answers: list[Any] = []

    def answer() -> bool:
        answers.append(channel.receive())
        return answers[-1] is not None

    wait_until(answer, "an answer")
    return answers[-1]


def readable(fileno: int | None, timeout_s: float) -> bool:
    """Whether a descriptor has something to read; a drain waits for it beside its sockets."""
    assert fileno is not None, "without it a drain would wait in vain: is `_sock` gone?"
    return bool(select.select([fileno], [], [], timeout_s)[0])


def test_a_drain_can_wait_for_an_answer_among_other_things(channel: Channel) -> None:
    """``connection._sock``: redis-py has no public way to it."""
    assert channel.fileno() is None
    channel.send(call())
    assert readable(channel.fileno(), 10)
    assert received(channel) == [0]
    assert not readable(channel.fileno(), 0)


def test_a_drain_can_wait_for_a_wake_up_among_other_things(client: StoreClient) -> None:
    """``pubsub.connection._sock``."""
    listener = WakeListener(client)
    assert listener.fileno() is None
    listener.wait(0)  # subscribes
    while listener.wait(0.01):
        pass
    wait_until(lambda: not readable(listener.fileno(), 0), "the subscription is confirmed")
    client.publish(WAKE, b"1")
    assert readable(listener.fileno(), 10)
    assert listener.heard()
    listener.close()


def test_no_wake_up_is_missed_however_many_come_at_once(client: StoreClient) -> None:
    """One that comes with the confirmation of the subscription is none that was received already."""
    listener = WakeListener(client)
    listener.wait(0)  # subscribes
    for _ in range(3):
        client.publish(WAKE, b"1")
    wait_until(listener.heard, "the wake-ups")
    wait_until(lambda: not listener.heard(), "no more of them")
    assert not readable(listener.fileno(), 0)
    for _ in range(2):
        client.publish(WAKE, b"1")
        wait_until(listener.heard, "a wake-up")
    listener.close()


def test_a_lost_connection_counts_as_a_wake_up(client: StoreClient) -> None:
    listener = WakeListener(client)
    while listener.heard():
        pass
    client.client_kill_filter(_type="pubsub")
    readable(listener.fileno(), 10)
    with contextlib.suppress(StoreUnavailable):  # or the client has connected again by itself
        listener.heard()
    wait_until(lambda: heard_again(client, listener), "wake-ups are heard again")
    listener.close()


def heard_again(client: StoreClient, listener: WakeListener) -> bool:
    client.publish(WAKE, b"1")
    return listener.heard()


def test_a_script_that_the_server_has_forgotten_is_sent_whole(
    client: StoreClient, channel: Channel
) -> None:
    """``NoScriptError`` tells it from other errors."""
    client.script_flush()
    channel.send(call())
    assert received(channel) == [0]


def test_a_call_whose_connection_broke_is_sent_again(client: StoreClient, channel: Channel) -> None:
    """Whichever of ``send_packed_command``, ``can_read`` and ``read_response`` notices it."""
    channel.send(call())
    assert received(channel) == [0]
    broken = channel._connection
    client.client_kill_filter(_type="normal", skipme=True)
    assert readable(channel.fileno(), 10), "the end of a connection is news too"
    with contextlib.suppress(StoreUnavailable):
        channel.send(call())
        assert received(channel) is None, "nobody can have answered"
    assert channel.busy
    assert channel.fileno() is None
    assert received(channel) == [0]
    assert channel._connection is not broken


def test_a_mistake_of_ours_is_told_and_not_sent_again(channel: Channel) -> None:
    channel.send(Call(call().script, [b"qh:{0}:x"], [b"x"]))
    with pytest.raises(redis.exceptions.ResponseError):
        received(channel)
    assert not channel.busy


def all_received(channel: Channel) -> list[Any]:
    answers: list[Any] = []

    def answer() -> bool:
        answers.append(channel.receive_all())
        return answers[-1] is not None

    wait_until(answer, "the answers")
    found: list[Any] = answers[-1]
    return found


@pytest.fixture
def server(channel: Channel) -> Iterator[socket.socket]:
    """Stands for the server of a channel that is connected: a test writes its answers."""
    channel.send(call())
    assert received(channel) == [0]
    ours, server = socket.socketpair()
    ours.settimeout(1)
    connection = channel._connection
    with connection._sock:
        connection._sock = connection._parser._sock = ours
    with server:
        yield server


def test_an_answer_of_which_a_part_is_there_is_not_waited_for(
    channel: Channel, server: socket.socket
) -> None:
    """``read_response`` with a time-out of 0 keeps what it has read."""
    channel.send_all([call(), call()])
    for part in (b"*2\r\n:1\r\n$4\r\nab", b"cd", b"\r\n*1\r\n"):
        server.sendall(part)
        assert channel.receive_all() is None
    server.sendall(b":3\r\n")
    assert all_received(channel) == [[1, b"abcd"], [3]]
    assert not channel.busy


def test_a_server_that_sends_no_more_than_a_part_is_away(
    channel: Channel, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel.send(call())
    server.sendall(b"*2\r\n:1\r\n")
    assert channel.receive() is None
    monkeypatch.setattr(channel_module, "SOCKET_TIMEOUT_S", 0)
    with pytest.raises(StoreUnavailable):
        channel.receive()
    assert received(channel) == [0], "it is sent again, on another connection"


def test_several_calls_are_answered_in_their_order(channel: Channel) -> None:
    channel.send_all([call(), note_call(), call()])
    assert all_received(channel) == [[0], [0, 0], [0]]
    assert not channel.busy
    channel.send(call())
    assert received(channel) == [0]


def test_of_several_calls_none_is_answered_twice_when_the_server_has_forgotten_a_script(
    client: StoreClient, channel: Channel
) -> None:
    channel.send(call())
    assert received(channel) == [0]
    client.script_flush()
    channel.send_all([call(), note_call()])
    assert all_received(channel) == [[0], [0, 0]]
    channel.send(call())
    assert received(channel) == [0]
    assert not readable(channel.fileno(), 0)
