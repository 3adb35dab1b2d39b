"""Bodies that are not one strict JSON object in UTF-8, said to be so, of a decent size."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tests.api.hostile.refusals import EVENT, JSON, MISSING, refused

# What is wrong with a body that is otherwise a good event: raw bytes, words that the error has.
RAW_BODIES: list[tuple[str, bytes, str]] = [
    ("empty", b"", "JSON"),
    ("blank", b"   ", "JSON"),
    ("null", b"null", "object"),
    ("a list", b"[]", "object"),
    ("a text", b'"x"', "object"),
    ("a number", b"1", "object"),
    ("true", b"true", "object"),
    ("cut off", b'{"name": "x"', "line 1"),
    ("trailing junk", b'{"name": "x"} x', "JSON"),
    ("two objects", b"{}{}", "JSON"),
    ("trailing comma", b'{"name": "x",}', "JSON"),
    ("single quotes", b"{'name': 'x'}", "JSON"),
    ("a comment", b'{"name": "x" /* x */}', "JSON"),
    ("a form", b"name=x&webhook=y", "JSON"),
    ("a raw control character", b'{"name": "x\n"}', "JSON"),
    ("invalid UTF-8", b'{"name": "\xff\xfe"}', "UTF-8"),
    ("Latin-1", '{"name": "é"}'.encode("latin-1"), "UTF-8"),
    ("UTF-16", json.dumps(EVENT).encode("utf-16"), "UTF-8"),
    ("UTF-16 without mark", json.dumps(EVENT).encode("utf-16-le"), "JSON"),
    ("byte order mark", b"\xef\xbb\xbf{}", "byte order mark"),
    ("NaN", b'{"metadata": {"x": NaN}}', "NaN"),
    ("Infinity", b'{"metadata": {"x": Infinity}}', "Infinity"),
    ("-Infinity", b'{"metadata": {"x": -Infinity}}', "-Infinity"),
    ("1e999", b'{"metadata": {"x": 1e999}}', "too large"),
    ("-1e999", b'{"metadata": {"x": -1e999}}', "too large"),
    ("5000 digits", b'{"metadata": {"x": ' + b"9" * 5000 + b"}}", "digits"),
    ("a name twice", b'{"name": "x", "name": "y"}', "twice"),
    ("a name twice inside", b'{"metadata": {"a": {"b": 1, "b": 1}}}', "twice"),
    (
        "a name twice among many",
        b"{" + b",".join(b'"%d":1' % n for n in [*range(20_000), 19_999]) + b"}",
        "twice",
    ),
    ("half a character", b'{"name": "\\ud800"}', "half of a character"),
    ("half a character in a name", b'{"metadata": {"\\udfff": 1}}', "half of a character"),
    ("33 levels", b'{"metadata": ' + b'{"a":' * 32 + b"1" + b"}" * 32 + b"}", "nested"),
    ("33 levels of lists", b'{"a": ' + b"[" * 32 + b"]" * 32 + b"}", "nested"),
    ("100,000 brackets", b"[" * 100_000, "nested"),
    ("100,000 objects", b'{"a":' * 50_000, "nested"),
]

HEADERS: list[tuple[str, dict[str, str], int]] = [
    ("no content type", {}, 415),
    ("text", {"Content-Type": "text/plain"}, 415),
    ("a form", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ("JSON in name only", {"Content-Type": "application/jsonp"}, 415),
    ("XML", {"Content-Type": "application/xml"}, 415),
    ("Latin-1", {"Content-Type": "application/json; charset=latin-1"}, 415),
    ("gzip", {"Content-Type": JSON, "Content-Encoding": "gzip"}, 415),
    ("brotli", {"Content-Type": JSON, "Content-Encoding": "br"}, 415),
]


@pytest.mark.parametrize(
    ("raw", "words"), [row[1:] for row in RAW_BODIES], ids=[r[0] for r in RAW_BODIES]
)
@pytest.mark.parametrize("path", ["/events", "/tokens"])
def test_a_body_that_is_not_a_strict_json_object(client, path, raw, words):
    body = refused(client.post(path, data=raw, content_type=JSON), 400)
    assert words in body["error"]


@pytest.mark.parametrize(
    ("headers", "status"), [row[1:] for row in HEADERS], ids=[r[0] for r in HEADERS]
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/events"), ("PUT", MISSING), ("POST", "/tokens")]
)
def test_a_body_that_does_not_say_that_it_is_json(client, method, path, headers, status):
    refused(client.open(path, method=method, data=json.dumps(EVENT), headers=headers), status)


def test_a_body_that_is_too_large(client, services):
    """The limit is on the bytes sent, whatever they are."""
    limit = services.settings.max_body_bytes
    body = refused(client.post("/events", data=b" " * (limit + 1), content_type=JSON), 413)
    assert str(limit) in body["error"]


@pytest.mark.parametrize("extra", [1, 1_000_000])
def test_a_body_in_chunks_that_is_too_large_is_not_cut(client, services, extra):
    """A body without a length is counted: cutting it would read as something else."""
    body = json.dumps(EVENT).encode()
    sent = body + b" " * (services.settings.max_body_bytes - len(body) + extra)
    answer = client.post("/events", **_chunked(sent))
    refused(answer, 413)


def _chunked(body: bytes) -> dict[str, Any]:
    return {
        "input_stream": io.BytesIO(body),
        "content_type": JSON,
        "headers": {"Transfer-Encoding": "chunked"},
        "environ_overrides": {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    }
