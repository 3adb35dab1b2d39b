"""Every failure that libcurl knows has a word and a sentence."""

from __future__ import annotations

import errno

import pytest

from app.delivery.errors_text import Progress, explain

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
