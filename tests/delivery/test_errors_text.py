"""Every failure that libcurl knows has a word and a sentence."""

from __future__ import annotations

import errno

import pytest

from app.delivery.errors_text import Progress, explain, tls_error

NOTHING = Progress(timeout_ms=10_000, resolved=False, connected=False, answered=False)
CODES = range(1, 102)


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code):
    word, sentence = explain(code, NOTHING)
    assert word in {
        "timeout", "too_slow", "dns", "refused", "unreachable", "tls", "closed", "reset",
        "protocol", "url", "internal", "memory", "certificates",
    }  # fmt: skip
    assert sentence[0].islower()
    assert not sentence.endswith(".")


@pytest.mark.parametrize(
    ("progress", "word", "sentence"),
    [
        (NOTHING, "dns", "the receiver's host name could not be resolved within 10s"),
        (
            NOTHING._replace(resolved=True),
            "timeout",
            "no connection to the receiver could be made within 10s",
        ),
        (
            NOTHING._replace(resolved=True, connected=True),
            "timeout",
            "the receiver did not answer within 10s",
        ),
        (
            NOTHING._replace(resolved=True, connected=True, answered=True),
            "too_slow",
            "the receiver's answer did not end within 10s",
        ),
    ],
)
def test_a_time_limit_says_what_was_waited_for(progress, word, sentence):
    assert explain(28, progress) == (word, sentence)


@pytest.mark.parametrize(
    ("os_error", "word"),
    [
        (errno.ECONNREFUSED, "refused"),
        (errno.ENETUNREACH, "unreachable"),
        (errno.EHOSTUNREACH, "unreachable"),
        (errno.EMFILE, "files"),
        (errno.ENFILE, "files"),
        (errno.ENOMEM, "memory"),
        (errno.ENOBUFS, "memory"),
        (errno.EADDRNOTAVAIL, "ports"),
        (0, "unreachable"),
    ],
)
def test_a_failed_connection_is_explained_by_the_systems_error(os_error, word):
    assert explain(7, NOTHING._replace(os_error=os_error))[0] == word


@pytest.mark.parametrize(
    ("code", "reason", "os_error", "word"),
    [
        (35, 1116, 0, "tls"),
        (56, 1116, 0, "tls"),
        (56, 1040, 111, "tls"),
        (56, 267, 0, "tls"),
        (56, 294, 0, "closed"),
        (35, 294, 0, "tls"),
        (56, 0, errno.ECONNREFUSED, "protocol"),  # of another address, before
        (56, 0, errno.ECONNRESET, "reset"),
        (56, 0, errno.ETIMEDOUT, "reset"),
        (65, 0, errno.ECONNREFUSED, "closed"),
        (65, 0, errno.EPIPE, "reset"),
    ],
)
def test_a_connection_that_breaks_is_explained_by_what_broke_it(code, reason, os_error, word):
    progress = NOTHING._replace(os_error=os_error, tls_error=reason)
    assert explain(code, progress)[0] == word


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("OpenSSL SSL_read: OpenSSL/3.6.5: error:0A00045C:SSL routines::tlsv13 alert", 1116),
        ("TLS connect error: error:0A000126:SSL routines::unexpected eof", 294),
        ("error:80000002:system library::No such file or directory", 0),
        ("Recv failure: Connection reset by peer", 0),
        ("", 0),
    ],
)
def test_openssl_s_reason_is_found_by_its_number(text, reason):
    assert tls_error(text) == reason
