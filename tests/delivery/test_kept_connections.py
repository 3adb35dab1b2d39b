"""Connections that receivers have closed are known before the next request."""

from __future__ import annotations

import socket

import pytest

from app.delivery import kept_connections
from app.delivery.kept_connections import KeptConnections, peer_of

A, B = "http://a.example", "http://b.example"


@pytest.fixture
def kept():
    made = KeptConnections()
    yield made
    made.close()


def connection() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    return ours, theirs


@pytest.mark.parametrize(
    ("url", "peer"),
    [
        ("https://example.com/a?b#c", "https://example.com"),
        ("http://example.com:8080/", "http://example.com:8080"),
        ("http://[::1]:80/x", "http://[::1]:80"),
    ],
)
def test_connections_belong_to_scheme_host_and_port(url, peer):
    assert peer_of(url) == peer


def test_only_the_targets_that_have_closed_a_connection_are_named(kept):
    (ours, theirs), (other, idle) = connection(), connection()
    kept.add(ours.fileno(), A)
    kept.add(other.fileno(), B)
    assert kept.closed() == set()
    idle.sendall(b"an answer")
    theirs.close()
    assert kept.closed() == {A}
    ours.close()
    assert kept.closed() == set()
    other.close()
    idle.close()


def test_a_descriptor_that_is_used_again_is_another_target_s(kept):
    ours, theirs = connection()
    kept.add(ours.fileno(), A)
    fd = ours.fileno()
    ours.close()
    theirs.close()
    again, theirs = connection()
    assert again.fileno() == fd
    kept.add(fd, B)
    theirs.close()
    assert kept.closed() == {B}
    again.close()


def test_targets_that_close_under_a_request_are_remembered_for_a_while(kept, monkeypatch):
    assert not kept.any_closing
    kept.note_closing(A)
    assert kept.is_closing(A)
    assert not kept.is_closing(B)
    monkeypatch.setattr(kept_connections, "CLOSING_S", -1.0)
    kept.note_closing(A)
    assert not kept.is_closing(A)


def test_they_are_so_many_at_most(kept):
    for number in range(kept_connections.MAX_CLOSING + 1):
        kept.note_closing(str(number))
    assert not kept.is_closing("0")
    assert kept.is_closing(str(kept_connections.MAX_CLOSING))


def test_where_the_system_can_t_tell_nothing_is_watched(monkeypatch):
    monkeypatch.setattr(kept_connections, "CAN_WATCH", False)
    kept = KeptConnections()
    kept.add(0, A)
    assert kept.closed() == set()
    kept.close()
