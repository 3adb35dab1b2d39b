"""What this host lacks is no receiver's fault, and told apart from it.

Tests ``app.delivery.exchange``, too.
"""

from __future__ import annotations

import errno
import socket
from types import SimpleNamespace

import pycurl
import pytest

from app.delivery.exchange import Exchange
from app.delivery.guard import Guard
from app.delivery.sender import CurlSender
from app.delivery.trust import trusted_certificates
from app.domain.outcome import CERTIFICATES, FILES, MEMORY
from tests.support.deliveries import LOCAL, send
from tests.support.scarce_files import files_left


@pytest.mark.parametrize("left", [0, 1])
def test_too_few_files_for_a_connection_are_this_host_s_fault(sender, receiver, left):
    """With one, the socket can be made; pycurl needs another one for libcurl."""
    assert send(sender, receiver.url()).succeeded  # what is loaded once has been loaded
    with files_left(left):
        outcome = send(sender, receiver.url(host="127.0.0.2"))
    assert (outcome.error, outcome.error_message) == (FILES, "this host has too many files open")


@pytest.mark.parametrize(("has_route", "error"), [(True, "ports"), (False, "unreachable")])
def test_without_a_free_address_the_route_decides_whose_fault_it_is(monkeypatch, has_route, error):
    exchange = Exchange(LOCAL, trusted_certificates())
    exchange._guard.opened, exchange._guard.os_error = True, errno.EADDRNOTAVAIL
    monkeypatch.setattr(Guard, "has_route", lambda _: has_route)
    assert exchange.finish(pycurl.E_COULDNT_CONNECT).error == error


def test_there_is_a_route_to_this_host(receiver):
    guard = Guard(LOCAL)
    assert not guard.has_route()
    address = SimpleNamespace(
        family=socket.AF_INET, socktype=socket.SOCK_STREAM, protocol=0, addr=("127.0.0.1", 80)
    )
    guard.open(0, address).close()
    assert guard.has_route()


def test_certificates_that_cannot_be_read_are_this_host_s_fault(receiver):
    sender = CurlSender(LOCAL, 1, ca_file="/there/is/no/such.pem")
    outcome = send(sender, receiver.url().replace("http:", "https:"))
    sender.close()
    assert outcome.error == CERTIFICATES


@pytest.mark.parametrize("error", [MemoryError(), pycurl.error(pycurl.E_OUT_OF_MEMORY, "")])
def test_no_memory_for_a_request_is_this_host_s_fault(sender, receiver, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(Exchange, "begin", fail)
    assert send(sender, receiver.url()).error == MEMORY
    monkeypatch.undo()
    assert send(sender, receiver.url()).succeeded
