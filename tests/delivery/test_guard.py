"""No spelling of a target leads to an address that may not be reached."""

from __future__ import annotations

import ipaddress
import socket
from types import SimpleNamespace

import pycurl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.guard import Guard
from app.delivery.request import Request
from app.delivery.sender import CurlSender
from app.domain.outcome import FILES
from app.domain.targets import TargetPolicy
from tests.support.deliveries import LOCAL, outcomes, send

SPELLINGS = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0", "localhost",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "127.0.0.1.", "127.0.0.%31", "LOCALHOST",
]  # fmt: skip


def attempt(sender, url):
    sender.start(1, Request(url, ["X-A: 1"], b"{}", 2_000), due_us=0, now_us=0)
    return outcomes(sender, 1)[0][1]


@pytest.mark.parametrize("host", SPELLINGS)
def test_every_spelling_of_a_private_address_is_refused_at_the_connection(receiver, host):
    sender = CurlSender(TargetPolicy(), 1)
    outcome = attempt(sender, f"http://{host}:{receiver.port}/")
    sender.close()
    assert (outcome.status_code, outcome.error) == (None, "not_allowed")
    assert outcome.error_message == "target not allowed"
    assert receiver.connections == 0


@pytest.mark.parametrize("host", SPELLINGS)
def test_with_a_policy_that_opens_them_the_same_spellings_arrive(receiver, host):
    sender = CurlSender(TargetPolicy(allow_all=True), 1)
    assert attempt(sender, f"http://{host}:{receiver.port}/").succeeded
    sender.close()


def test_a_name_is_judged_by_the_address_connected_to(receiver):
    """What a name resolved to before does not matter: the connection itself is judged."""
    only_v6 = TargetPolicy(allowed=(ipaddress.ip_network("::1/128"),))
    sender = CurlSender(only_v6, 1)
    outcome = attempt(sender, f"http://localhost:{receiver.port}/")
    sender.close()
    # ::1 was tried and refused the connection; 127.0.0.1, where the receiver is, was not tried.
    assert outcome.error in ("not_allowed", "refused")
    assert receiver.connections == 0


def test_a_refusal_of_one_target_says_nothing_about_the_next(sender, receiver):
    assert attempt(sender, "http://10.0.0.1/").error == "not_allowed"
    assert send(sender, receiver.url()).succeeded
    assert attempt(sender, "http://169.254.169.254/latest/meta-data/").error == "not_allowed"


def test_a_socket_that_is_not_of_the_internet_is_refused():
    guard = Guard(TargetPolicy(allow_all=True))
    address = SimpleNamespace(family=socket.AF_UNIX, addr="/run/x.sock")
    assert guard.open(0, address) == pycurl.SOCKET_BAD
    assert guard.refused


def addresses_of_this_machine():
    """Those of loopback, and the one that it would be asked from outside under."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ["127.0.0.1"]
        return ["127.0.0.1", probe.getsockname()[0]]


@pytest.mark.parametrize("host", [*SPELLINGS, "127.9.9.9", *addresses_of_this_machine()])
def test_the_services_own_port_is_refused_on_every_address_of_this_machine(receiver, host):
    """Even if the policy opens everything; another port on the same address is reached."""
    everywhere = TargetPolicy(allow_all=True)
    own, another = (
        CurlSender(everywhere, 1, own_port=receiver.port),
        CurlSender(everywhere, 1, own_port=1),
    )
    outcome = attempt(own, f"http://{host}:{receiver.port}/")
    assert (outcome.error, receiver.connections) == ("not_allowed", 0)
    assert attempt(another, f"http://{host}:{receiver.port}/").error != "not_allowed"
    own.close()
    another.close()


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "1.1.1.1"])
def test_the_same_port_of_other_machines_is_no_business_of_the_guards(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    guard = Guard(TargetPolicy(allow_all=True), own_port=8080)
    address = SimpleNamespace(
        family=family, socktype=socket.SOCK_STREAM, protocol=0, addr=(host, 8080)
    )
    opened = guard.open(0, address)
    assert isinstance(opened, socket.socket)
    opened.close()


@given(st.ip_addresses())
def test_what_python_knows_as_not_public_is_never_connected_to(address):
    """Its table and ours are each other's check; ours refuses more."""
    guard = Guard(TargetPolicy())
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    opened = guard.open(
        0,
        SimpleNamespace(
            family=family, socktype=socket.SOCK_STREAM, protocol=0, addr=(str(address), 80)
        ),
    )
    if isinstance(opened, socket.socket):
        opened.close()
        assert address.is_global
        assert not address.is_multicast
    else:
        assert guard.refused


def test_running_out_of_descriptors_is_told_as_this_hosts_fault(sender, monkeypatch):
    def fail(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("app.delivery.guard._Socket", fail)
    outcome = attempt(sender, "http://127.0.0.1:9/")
    assert (outcome.error, outcome.error_message) == (FILES, "this host has too many files open")


def test_the_local_policy_of_these_tests_opens_loopback_only():
    guard = Guard(LOCAL)
    address = SimpleNamespace(family=socket.AF_INET, addr=("10.0.0.1", 80))
    assert guard.open(0, address) == pycurl.SOCKET_BAD
