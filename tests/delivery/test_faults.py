"""Receivers that misbehave: each has a defined outcome, and none of them an exception.

Tests ``app.delivery.exchange``, too.
"""

from __future__ import annotations

import gzip
import socket
import time

import pytest

from app.domain.outcome import Outcome
from tests.support.deliveries import outcomes, request, send, start
from tests.support.receiver import Reply
from tests.support.wait import PATIENCE_S, wait_until

OK = b"HTTP/1.1 200 OK\r\n"


def brief(outcome: Outcome):
    return outcome.status_code, outcome.error, outcome.error_message


@pytest.mark.parametrize("status", [200, 201, 202, 206, 226, 299])
def test_only_2xx_completes_a_delivery(sender, receiver, status):
    receiver.reply("/", Reply(status, body=b"done"))
    outcome = send(sender, receiver.url())
    assert brief(outcome) == (status, None, None)
    assert (outcome.succeeded, outcome.response_body) == (True, b"done")


@pytest.mark.parametrize("status", [300, 304, 400, 404, 410, 429, 500, 503, 599])
def test_any_other_status_fails_it(sender, receiver, status):
    receiver.reply("/", Reply(status, body=b"" if status == 304 else b"no"))
    outcome = send(sender, receiver.url())
    assert brief(outcome) == (status, "status", f"the receiver answered {status}")
    assert not outcome.succeeded


def test_a_204_with_a_body_is_a_success(sender, receiver):
    receiver.reply("/", Reply.broken(b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody"))
    assert brief(send(sender, receiver.url())) == (204, None, None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(sender, receiver, status):
    receiver.reply("/", Reply(status, {"Location": receiver.url("/second")}))
    assert brief(send(sender, receiver.url()))[:2] == (status, "status")
    assert receiver.requests_to("/second") == []


def test_a_redirect_to_the_clouds_metadata_is_not_followed(sender, receiver):
    receiver.reply("/", Reply(302, {"Location": "http://169.254.169.254/latest/meta-data/"}))
    assert brief(send(sender, receiver.url()))[:2] == (302, "status")


def test_101_is_a_failure(sender, receiver):
    receiver.reply(
        "/", Reply.broken(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhello")
    )
    assert brief(send(sender, receiver.url()))[:2] == (101, "status")


def test_interim_answers_are_passed_over(sender, receiver):
    interim = b"HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\nQhronos-Ack: required\r\n\r\n"
    receiver.reply("/", Reply.broken(interim * 3 + OK + b"Content-Length: 2\r\n\r\nok"))
    outcome = send(sender, receiver.url())
    assert brief(outcome) == (200, None, None)
    assert (outcome.retry_after, outcome.ack_required) == (None, False)


def test_a_flood_of_interim_answers_ends(sender, receiver):
    flood = b"HTTP/1.1 100 Continue\r\nX-Pad: " + b"x" * 200 + b"\r\n\r\n"
    receiver.reply("/", Reply.broken(flood * 20_000))
    assert send(sender, receiver.url(), timeout_ms=2_000).error == "protocol"


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        *(
            b"HTTP/1.1 %b OK\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n" % status
            for status in (b"2000", b"600", b"999", b"20", b"099", b"2", b"0200", b"+20", b"")
        ),
        b"HTTP/1.1 200OK\r\nContent-Length: 0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        OK + b"Content-Length: -5\r\n\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        OK + b"X-Long: " + b"x" * 400_000 + b"\r\n\r\n",
        OK + b"X-Pad: x\r\n" * 60_000 + b"\r\n",
    ],
    ids=range(20),
)
def test_what_is_not_http_is_a_protocol_error(sender, receiver, raw):
    receiver.reply("/", Reply.broken(raw))
    outcome = send(sender, receiver.url())
    assert not outcome.succeeded
    assert (outcome.error, outcome.retry_after) == ("protocol", None)


def test_closing_before_answering(sender, receiver):
    receiver.reply("/", Reply.close())
    expected = (None, "closed", "the receiver closed the connection before answering")
    assert brief(send(sender, receiver.url())) == expected


def test_resetting_before_answering(sender, receiver):
    receiver.reply("/", Reply.reset())
    expected = (None, "reset", "the receiver reset the connection before answering")
    assert brief(send(sender, receiver.url())) == expected


def test_a_reset_within_the_answer_is_a_failure_whatever_the_status(sender, receiver):
    receiver.reply("/", Reply.reset(OK + b"Content-Length: 100\r\n\r\nhalf"))
    outcome = send(sender, receiver.url())
    assert outcome.status_code in (200, None)  # the reset may overtake the bytes
    assert outcome.error == "reset"


def test_an_answer_shorter_than_announced_is_a_failure(sender, receiver):
    receiver.reply("/", Reply.broken(OK + b"Content-Length: 100\r\n\r\nhalf"))
    outcome = send(sender, receiver.url())
    expected = (200, "closed", "the receiver closed the connection within its answer")
    assert brief(outcome) == expected
    assert outcome.response_body == b"half"


def test_a_closed_port_refuses(sender):
    with socket.socket() as held:  # bound but not listening: nobody else can take the port
        held.bind(("127.0.0.1", 0))
        outcome = send(sender, f"http://127.0.0.1:{held.getsockname()[1]}/")
    assert brief(outcome) == (None, "refused", "the receiver refused the connection")


def test_a_name_that_does_not_exist(sender):
    outcome = send(sender, "http://no-such-host.invalid/")
    assert outcome.error == "dns"
    assert "could not be resolved" in outcome.error_message


def test_no_answer_in_time(sender, receiver):
    receiver.reply("/", Reply.hang())
    outcome = send(sender, receiver.url(), timeout_ms=200)
    assert brief(outcome) == (None, "timeout", "the receiver did not answer within 200ms")
    assert outcome.timings.first_byte_us is None
    assert 150_000 <= outcome.timings.done_us - outcome.timings.started_us < 3_000_000


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (OK + b"X-Slow: " + b"x" * 1000, "too_slow"),
        (OK + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000, "too_slow"),
        (b"H" * 1000, "protocol"),
    ],
    ids=["headers", "body", "junk"],
)
def test_an_answer_that_drips_is_cut_at_the_time_limit(sender, receiver, raw, error):
    receiver.reply("/drip", Reply.drip(raw, 0.02))
    start(sender, receiver.url("/drip"), timeout_ms=1_500)
    start(sender, receiver.url("/ok"))
    began = time.monotonic()
    first, second = outcomes(sender, 2)
    assert first[1].succeeded
    assert second[1].error == error
    assert time.monotonic() - began < 15  # all of it takes 20 s


def test_a_receiver_that_never_reads_is_cut_at_the_time_limit(sender):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        metadata = '{"x":"' + "y" * 8_000_000 + '"}'
        outcome = send(sender, url, metadata_json=metadata, timeout_ms=300)
    assert brief(outcome) == (None, "timeout", "the receiver did not answer within 300ms")


def test_a_host_that_never_accepts_is_cut_at_the_time_limit(sender):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        fillers = []
        for _ in range(8):  # fill the queue of connections nobody accepts
            filler = socket.socket()
            filler.settimeout(0)
            filler.connect_ex(address)
            fillers.append(filler)
        outcome = send(sender, f"http://127.0.0.1:{address[1]}/", timeout_ms=300)
        for filler in fillers:
            filler.close()
    assert brief(outcome) == (
        None,
        "timeout",
        "no connection to the receiver could be made within 300ms",
    )


@pytest.mark.parametrize(("status", "succeeded"), [(200, True), (500, False)])
def test_a_body_without_end_is_cut_and_judged_by_its_status(sender, receiver, status, succeeded):
    receiver.reply("/", Reply.endless(status))
    began = time.monotonic()
    outcome = send(sender, receiver.url(), timeout_ms=60_000)
    assert (outcome.status_code, outcome.succeeded) == (status, succeeded)
    assert outcome.response_body == b"x" * 4096
    assert time.monotonic() - began < PATIENCE_S


def test_a_long_body_is_kept_to_4_kib_and_its_connection_is_not_used_again(sender, receiver):
    receiver.reply("/", Reply(body=bytes(10_000_000)), Reply())
    outcome = send(sender, receiver.url())
    assert outcome.succeeded
    assert len(outcome.response_body) == 4096
    assert send(sender, receiver.url()).succeeded
    wait_until(lambda: receiver.connections == 2, "a second connection")


def test_a_body_of_64_kib_is_read_to_its_end(sender, receiver):
    receiver.reply("/", Reply(body=bytes(65_536)))
    assert send(sender, receiver.url()).succeeded
    assert send(sender, receiver.url()).succeeded
    assert receiver.connections == 1


def test_nothing_is_decompressed(sender, receiver):
    bomb = gzip.compress(bytes(10_000_000))
    receiver.reply("/", Reply(headers={"Content-Encoding": "gzip"}, body=bomb))
    outcome = send(sender, receiver.url())
    assert outcome.succeeded
    assert outcome.response_body == bomb[:4096]
    assert "accept-encoding" not in receiver.requests[0].headers


def test_an_unknown_encoding_does_no_harm(sender, receiver):
    receiver.reply("/", Reply(headers={"Content-Encoding": "snake-oil"}, body=b"as it is"))
    assert send(sender, receiver.url()).response_body == b"as it is"


def test_a_chunked_answer_is_read(sender, receiver):
    receiver.reply(
        "/",
        Reply.broken(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
    )
    assert send(sender, receiver.url()).response_body == b"abcde"


def test_an_answer_that_is_not_text_is_kept_as_it_came(sender, receiver):
    junk = b"<script>\xff\xfe\x00"
    receiver.reply("/", Reply(500, body=junk))
    assert send(sender, receiver.url()).response_body == junk


def test_cookies_are_never_sent_back(sender, receiver):
    receiver.reply("/", Reply(headers={"Set-Cookie": "session=1; Path=/"}))
    send(sender, receiver.url())
    send(sender, receiver.url())
    assert all("cookie" not in got.headers for got in receiver.requests)


def test_proxies_of_the_environment_are_ignored(sender, receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    assert send(sender, receiver.url()).succeeded


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "120"}, ("120", False, False)),
        ({"RETRY-AFTER": " 0 "}, ("0", False, False)),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, ("Wed, 21 Oct 2026 07:28:00 GMT", False, False)),
        ({"Retry-After": "9" * 1000}, ("9" * 256, False, False)),
        ({"Webhook-Delivery": "abort-message"}, (None, True, False)),
        ({"webhook-delivery": "Abort-Message"}, (None, True, False)),
        ({"webhook-delivery": "other"}, (None, False, False)),
        ({"Qhronos-Ack": "required"}, (None, False, True)),
        ({"Qhronos-Ack": "no"}, (None, False, False)),
        ({"X-Retry-After": "5", "X": "retry-after: 5"}, (None, False, False)),
    ],
)  # fmt: skip
def test_a_receivers_wishes_are_read_from_its_headers(sender, receiver, headers, expected):
    receiver.reply("/", Reply(503, headers))
    outcome = send(sender, receiver.url())
    assert (outcome.retry_after, outcome.abort, outcome.ack_required) == expected


def test_one_outcome_leaves_no_trace_in_the_next(receiver, sender):
    receiver.reply("/", Reply(503, {"Retry-After": "5", "Qhronos-Ack": "required"}, b"busy"))
    first = send(sender, receiver.url())
    receiver.reply("/", Reply())
    second = send(sender, receiver.url())
    assert (first.retry_after, first.response_body) == ("5", b"busy")
    assert second[1:] == Outcome(second.timings, 200)[1:]


def test_the_request_is_sent_once_where_the_receiver_closes_a_new_connection(sender, receiver):
    receiver.reply("/", Reply.close())
    made = request(receiver.url())
    sender.start(1, made, due_us=0, now_us=0)
    outcomes(sender, 1)
    assert len(receiver.requests) == 1
