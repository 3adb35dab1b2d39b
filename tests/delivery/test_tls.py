"""https: who the receiver is gets checked."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.delivery.sender import CurlSender
from app.delivery.trust import trusted_certificates
from tests.support.certificates import Authority
from tests.support.deliveries import LOCAL, outcomes, send, start
from tests.support.receiver import Receiver, Reply


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusting(authority):
    made = CurlSender(LOCAL, 4, ca_file=str(authority.bundle))
    yield made
    made.close()


def test_a_trusted_receiver_is_served_and_the_tls_phase_is_timed(trusting, authority):
    with Receiver(tls=authority.context()) as receiver:
        outcome = send(trusting, receiver.url("/", "localhost"))
        assert outcome.succeeded
        assert outcome.timings.tls_took > 0
        assert send(trusting, receiver.url("/", "localhost")).succeeded
        assert receiver.connections == 1


@pytest.mark.parametrize(
    "wrong",
    [{"days": -1}, {"host": "other.example"}, {"self_signed": True}],
    ids=["expired", "other host", "self-signed"],
)
def test_a_receiver_that_can_not_prove_who_it_is_gets_nothing(trusting, authority, wrong):
    with Receiver(tls=authority.context(**wrong)) as receiver:
        outcome = send(trusting, receiver.url("/", "localhost"))
        assert outcome.error == "tls"
        assert (
            "certificate is not trusted, has expired or is for another host"
            in outcome.error_message
        )
        assert receiver.requests == []


def test_an_authority_that_is_not_trusted_is_refused(sender, authority):
    with Receiver(tls=authority.context()) as receiver:
        assert send(sender, receiver.url("/", "localhost")).error == "tls"


def test_tls_below_1_2_is_refused(trusting, authority):
    context = authority.context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with Receiver(tls=context) as receiver:
        outcome = send(trusting, receiver.url("/", "localhost"))
        assert outcome.error == "tls"
        assert receiver.requests == []


def test_a_receiver_without_tls_is_a_tls_error(trusting):
    with socket.create_server(("127.0.0.1", 0)) as server:
        start(trusting, f"https://127.0.0.1:{server.getsockname()[1]}/")
        trusting.poll(50)
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            assert outcomes(trusting, 1)[0][1].error == "tls"


@contextmanager
def asking_for_a_certificate(context: ssl.SSLContext, authority: Authority) -> Iterator[str]:
    """A receiver that lets no client in who has no certificate, and says so as TLS can."""
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(str(authority.bundle))
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        with connection:
            while received := connection.recv(65_536):  # to the end: else it would be a reset
                incoming.write(received)
                with contextlib.suppress(ssl.SSLError):  # that it wants more, and the refusal
                    tls.do_handshake()
                connection.sendall(outgoing.read())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://localhost:{server.getsockname()[1]}/"
    server.close()
    thread.join(5)


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (ssl.TLSVersion.TLSv1_2, "it may want a client certificate"),
        (ssl.TLSVersion.TLSv1_3, "the receiver wants a client certificate, and this service has none"),
    ],
)  # fmt: skip
def test_a_receiver_that_asks_for_a_certificate_is_told_as_that(
    trusting, authority, version, words
):
    context = authority.context()
    context.maximum_version = version
    with asking_for_a_certificate(context, authority) as url:
        outcome = send(trusting, url)
    assert outcome.error == "tls"
    assert words in outcome.error_message


@pytest.mark.parametrize("then", [Reply.close(), Reply.reset()])
def test_a_request_over_tls_is_sent_once_too(trusting, authority, then):
    with Receiver(tls=authority.context()) as receiver:
        receiver.reply("/", Reply(), then, Reply())
        assert send(trusting, receiver.url("/", "localhost")).succeeded
        assert send(trusting, receiver.url("/", "localhost")).error in {"closed", "reset"}
        assert len(receiver.requests) == 2


def test_the_trusted_certificates_are_a_file_that_can_be_read():
    bundle = Path(trusted_certificates())
    assert "BEGIN CERTIFICATE" in bundle.read_text(encoding="utf-8")


def test_the_environment_may_name_the_trusted_certificates(authority, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    assert trusted_certificates() == str(authority.bundle)
    sender = CurlSender(LOCAL, 1)
    with Receiver(tls=authority.context()) as receiver:
        assert send(sender, receiver.url("/", "localhost")).succeeded
    sender.close()
