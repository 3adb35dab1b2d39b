"""The sender at work: what goes over the wire, many at once, one loop."""

from __future__ import annotations

import os
import resource
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from app.delivery.actions import build
from app.delivery.exchange import DNS_S, IDLE_S, KEPT_S
from app.delivery.request import Request
from app.delivery.sender import CurlSender
from app.domain.targets import TargetPolicy
from tests.support.deliveries import LOCAL, SECRET, job, outcomes, request, send, start
from tests.support.receiver import Receiver, Reply
from tests.support.wait import PATIENCE_S, wait_until


def test_what_was_built_is_what_arrives(sender, receiver):
    made = request(receiver.url("/a%20b/../c?x=1"), name="Zoë", headers=(("X-Team", "blau ü"),))
    sender.start("token", made, due_us=1, now_us=2)
    [(token, outcome)] = outcomes(sender, 1)
    [got] = receiver.requests
    assert (token, outcome.succeeded, outcome.status_code) == ("token", True, 200)
    assert (got.method, got.path, got.body) == ("POST", "/a%20b/../c?x=1", made.body)
    for line in made.headers:
        name, _, value = line.partition(": ")
        assert got.headers[name.lower()] == value
    assert got.headers["x-team"] == "blau ü"
    assert set(got.headers) == {
        "host", "accept", "content-length", "content-type", "user-agent", "x-team",
        "x-qhronos-instance",
        "x-qhronos-signature", "webhook-id", "webhook-timestamp", "webhook-signature",
    }  # fmt: skip


def test_headers_of_the_events_own_replace_libcurls_and_may_be_empty(sender, receiver):
    """And the next delivery on the same connection has none of them."""
    own = (("Accept", "text/plain"), ("X-Empty", ""), ("Authorization", "Bearer x"))
    assert send(sender, receiver.url("/own"), headers=own).succeeded
    assert send(sender, receiver.url("/next")).succeeded
    first, second = receiver.requests
    assert first.headers["accept"] == "text/plain"
    assert (first.headers["x-empty"], first.headers["authorization"]) == ("", "Bearer x")
    assert second.headers["accept"] == "*/*"
    assert not {"x-empty", "authorization"} & set(second.headers)


def test_the_public_library_verifies_what_arrives(sender, receiver):
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    sender.start(1, build(job(receiver.url()), now_ms), due_us=0, now_us=0)
    outcomes(sender, 1)
    [got] = receiver.requests
    assert Webhook(SECRET).verify(got.body, dict(got.headers))["name"] == "Report"


def test_a_large_body_is_sent_without_waiting_for_100_continue(sender, receiver):
    metadata = '{"x":"' + "y" * 3_000_000 + '"}'
    assert send(sender, receiver.url(), metadata_json=metadata).succeeded
    [got] = receiver.requests
    assert "expect" not in got.headers
    assert len(got.body) > 3_000_000


def test_connections_are_used_again(sender, receiver):
    for _ in range(5):
        assert send(sender, receiver.url()).succeeded
    assert receiver.connections == 1


def test_timings_have_the_phases_of_a_new_connection_and_none_for_a_used_one(sender, receiver):
    receiver.reply("/", Reply(delay=0.02))
    sender.start(1, request(receiver.url()), due_us=1_000, now_us=5_000)
    new = outcomes(sender, 1)[0][1].timings
    assert (new.due_us, new.started_us) == (1_000, 5_000)
    assert 25_000 <= new.first_byte_us <= new.done_us
    assert new.dns_took is not None
    assert new.connect_took is not None
    assert new.tls_took is None
    used = send(sender, receiver.url()).timings
    assert (used.dns_took, used.connect_took, used.tls_took) == (None, None, None)


def test_hundreds_are_delivered_at_once_each_to_its_token(receiver):
    sender = CurlSender(LOCAL, 600)
    receiver.reply("/", Reply(delay=0.3))
    began = time.monotonic()
    for number in range(600):
        start(sender, receiver.url(), token=f"t{number}")
    assert (sender.in_flight, sender.room) == (600, 0)
    ended = outcomes(sender, 600)
    assert {token for token, outcome in ended if outcome.succeeded} == {
        f"t{number}" for number in range(600)
    }
    assert time.monotonic() - began < PATIENCE_S  # one after the other they take 180 s
    assert (sender.in_flight, sender.room) == (0, 600)
    sender.close()


def test_starting_without_room_is_an_error_of_the_caller(receiver):
    sender = CurlSender(LOCAL, 1)
    start(sender, receiver.url())
    with pytest.raises(RuntimeError, match="full"):
        start(sender, receiver.url())
    sender.close()


def test_a_hanging_receiver_delays_nobody_else(sender, receiver):
    receiver.reply("/hang", Reply.hang())
    for _ in range(60):
        start(sender, receiver.url("/hang"), timeout_ms=60_000)
    for _ in range(20):
        start(sender, receiver.url("/ok"))
        [(_, outcome)] = outcomes(sender, 1)
        assert outcome.succeeded
    assert sender.in_flight == 60  # none of them is waited for


def test_poll_returns_as_soon_as_something_has_ended(sender, receiver):
    receiver.reply("/", Reply(delay=0.05))
    start(sender, receiver.url())
    began = time.monotonic()
    while not sender.poll(60_000):
        pass
    assert time.monotonic() - began < PATIENCE_S


def test_poll_waits_no_longer_than_told(sender, receiver):
    receiver.reply("/", Reply.hang())
    assert sender.poll(0) == []
    start(sender, receiver.url(), timeout_ms=60_000)
    began = time.monotonic()
    for _ in range(4):
        assert sender.poll(20) == []
    assert time.monotonic() - began < PATIENCE_S


def test_another_descriptor_ends_a_wait(receiver):
    read_end, write_end = os.pipe()
    sender = CurlSender(LOCAL, 4)
    receiver.reply("/", Reply.hang())
    for _ in range(2):  # with nothing under way, and with something
        os.write(write_end, b"x")
        began = time.monotonic()
        assert sender.poll(60_000, [read_end]) == []
        assert time.monotonic() - began < PATIENCE_S
        start(sender, receiver.url())
        sender.poll(0)
    sender.close()
    os.close(read_end)
    os.close(write_end)


def test_what_is_abandoned_is_handed_back_and_the_sender_goes_on(sender, receiver):
    receiver.reply("/hang", Reply.hang())
    for number in range(3):
        start(sender, receiver.url("/hang"), token=f"t{number}")
    sender.poll(10)
    assert sorted(sender.abandon()) == ["t0", "t1", "t2"]
    assert sender.in_flight == 0
    assert send(sender, receiver.url("/ok")).succeeded


def open_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_closing_twice_is_fine_and_leaves_no_descriptor_open(receiver):
    before = open_descriptors()
    sender = CurlSender(LOCAL, 8)
    for _ in range(8):
        start(sender, receiver.url())
    outcomes(sender, 8)
    start(sender, receiver.url())
    sender.close()
    sender.close()
    wait_until(lambda: open_descriptors() <= before, "the descriptors are closed")


@pytest.mark.parametrize(
    "url", ["", "http://", "ftp://127.0.0.1/", "http://127.0.0.1:99999/", "http://a b/"]
)
def test_a_url_that_libcurl_refuses_is_an_outcome_and_not_an_exception(sender, url):
    made = Request(url, [], b"{}", 1_000)
    sender.start(1, made, due_us=0, now_us=0)
    [(_, outcome)] = outcomes(sender, 1)
    assert outcome.error in ("url", "protocol", "dns")


def test_text_that_latin_1_cannot_carry_is_an_outcome_and_not_an_exception(sender, receiver):
    sender.start(7, Request(receiver.url(), ["X-A: \u20ac"], b"", 1_000), due_us=3, now_us=4)
    [(token, outcome)] = outcomes(sender, 1)
    assert (token, outcome.error, outcome.timings[:3]) == (7, "url", (3, 4, 4))


def test_sockets_numbered_beyond_1024_are_served_too(receiver):
    """``select`` can't see them, so a careless loop would sleep through their answers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip("this host allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    fillers = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    sender = CurlSender(LOCAL, 8)
    try:
        began = time.monotonic()
        for number in range(5):
            start(sender, receiver.url())
            while not (ended := sender.poll(PATIENCE_S * 1000)):
                pass
            assert ended[0][1].succeeded, number
        assert time.monotonic() - began < PATIENCE_S, "it slept"
    finally:
        sender.close()
        for filler in fillers:
            os.close(filler)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_idle_connection_that_the_receiver_closed_is_not_mourned(sender, receiver):
    receiver.reply("/", Reply(then="close"), Reply())
    assert send(sender, receiver.url()).succeeded
    wait_until(sender._kept.closed, "the end of the connection")
    assert send(sender, receiver.url()).succeeded
    assert receiver.connections == 2


def test_ipv6_is_served(sender):
    with Receiver("::1") as receiver:
        assert send(sender, receiver.url()).succeeded


def test_a_policy_that_allows_everything_reaches_loopback(receiver):
    sender = CurlSender(TargetPolicy(allow_all=True), 1)
    assert send(sender, receiver.url()).succeeded
    sender.close()


def test_a_name_that_moves_to_another_host_is_followed_when_connections_are_old():
    """The old host answers on connections that it has, and new ones lead to the new host."""
    sender = CurlSender(LOCAL, 4, kept_s=1)
    with Receiver() as old:
        assert send(sender, old.url()).succeeded
        assert send(sender, old.url()).succeeded
        assert old.connections == 1
        old.stop_listening()
        with Receiver(port=old.port) as new:
            wait_until(
                lambda: send(sender, old.url()).succeeded and new.requests,
                "requests go to the new host",
            )
        sender.close()


@pytest.mark.parametrize(("idle_s", "connections"), [(1, 2), (45, 1)])
def test_a_connection_that_was_idle_for_too_long_is_not_used_again(receiver, idle_s, connections):
    sender = CurlSender(LOCAL, 4, idle_s=idle_s)
    assert send(sender, receiver.url()).succeeded
    until = time.monotonic() + 2.1  # libcurl counts whole seconds
    wait_until(lambda: time.monotonic() > until, "it was idle")
    assert send(sender, receiver.url()).succeeded
    assert receiver.connections == connections
    sender.close()


def test_within_a_minute_nothing_knows_an_old_address_any_more():
    assert KEPT_S + DNS_S < 60
    assert IDLE_S < 5  # before most receivers close what is idle
