"""The examples of the page: whole, the same in both languages, and accepted by the API."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any
from unittest.mock import MagicMock
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.api.document.nodes import operations, parameters_of
from app.api.document.snippets import (
    FILE,
    ONE_OF,
    TOKENS,
    ExampleRequest,
    curl_of,
    example_request,
    literal,
    python_of,
)
from tests.api.application import MASTER_TOKEN

TOKEN_OF = {"QHRONOS_TOKEN": MASTER_TOKEN, "QHRONOS_ACK_TOKEN": "1.4f6d"}
BYTES = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//EN\r\nBEGIN:VEVENT\r\nUID:1\r\n"
    b"DTSTART:20310101T090000Z\r\nSUMMARY:run\r\nX-QHRONOS-WEBHOOK:https://example.com/hook\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n"
)
NOT_THERE = {"404", "409"}
"""What a call may answer about things that an example names, and nobody has made."""

NO_DELIVERY = ("ack_occurrence", "nack_occurrence")
ENDLESS = "stream_changes"


def sent_by_curl(command: str) -> tuple[str, str, dict[str, str], Any]:
    """What a shell gives curl: method, URL, headers, body."""
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}\n{command}"
    ran = subprocess.run(["sh", "-c", script], env=TOKEN_OF, capture_output=True, check=True)
    method, url, headers, body = "GET", "", {}, None
    words = iter(ran.stdout.decode().split("\0")[:-1])
    for word in words:
        if word == "--request":
            method = next(words)
        elif word == "--header":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "--data":
            body = json.loads(next(words))
        elif word == "--data-binary":
            assert next(words) == f"@{FILE}"
            body = BYTES
        elif word != "--no-buffer":
            assert not url
            url = word
    return method, url, headers, body


def sent_by_python(program: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    """What a program asks of requests: method, URL, headers, body."""
    requests = MagicMock()
    monkeypatch.setitem(sys.modules, "requests", requests)
    exec(compile(program, "example", "exec"), {})  # noqa: S102 - it is ours
    method, (url,), given = requests.method_calls[0]
    assert given.pop("timeout")
    given.pop("stream", None)
    body = given.pop("data", None) or given.pop("json", None)
    headers = given.pop("headers", {})
    assert not given
    return method.upper(), url, headers, body


@pytest.fixture
def in_both(monkeypatch, tmp_path, document):
    """Makes the request of an operation's examples; both have to make the same one."""
    (tmp_path / FILE).write_bytes(BYTES)
    monkeypatch.chdir(tmp_path)
    for name, token in TOKEN_OF.items():
        monkeypatch.setenv(name, token)

    def make(path: str, method: str) -> tuple[str, str, dict[str, str], Any]:
        request = example_request(document, path, method)
        sent = sent_by_curl(curl_of(request))
        with_json = {"Content-Type": "application/json"}
        told = sent_by_python(python_of(request), monkeypatch)
        headers = told[2] | (with_json if isinstance(told[3], dict) else {})
        # requests sends no body for an empty object: that call does without.
        assert (*sent[:2], sent[3] or None) == (*told[:2], told[3] or None)
        assert sent[2] == headers or not sent[3]
        return sent

    return make


def test_each_has_all_that_its_operation_requires(document, in_both):
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        verb, url, headers, body = in_both(path, method)
        parts = urlsplit(url)
        assert verb == method.upper()
        assert re.fullmatch(re.sub(r"{\w+}", "[^/{}]+", path), parts.path), where
        required = [one for one in parameters_of(document, path, method) if one.get("required")]
        wanted = {one["name"] for one in required if one["in"] == "query"}
        wanted |= {ONE_OF[name] for name in [operation["operationId"]] if name in ONE_OF}
        assert {name for name, _ in parse_qsl(parts.query)} == wanted, where
        assert {one["name"] for one in required if one["in"] == "header"} <= headers.keys()
        scheme = next(iter(operation.get("security", [{"bearer": []}])), None)
        token = TOKEN_OF[TOKENS[next(iter(scheme))]] if scheme else None
        assert headers.get("Authorization") == (f"Bearer {token}" if token else None), where
        assert (body is not None) == ("requestBody" in operation), where


def test_the_api_takes_each(document, in_both, client):
    """What an example names may not be there; but nothing is wrong with the request."""
    refused = []
    for method, path, operation in operations(document):
        name = operation["operationId"]
        if name == ENDLESS:
            continue
        verb, url, headers, body = in_both(path, method)
        given = {"data": body} if body == BYTES else {"json": body} if body is not None else {}
        answer = client.open(url, method=verb, headers=headers, **given)
        accepted = {"401"} if name in NO_DELIVERY else NOT_THERE
        if answer.status_code >= 300 and str(answer.status_code) not in accepted:
            refused.append((name, answer.status_code, answer.get_data(as_text=True)[:300]))
    assert not refused


def test_a_hostile_example_stays_one_word_of_the_shell(monkeypatch):
    hostile = "a'b$(touch x)`y`\"\\{}"
    request = ExampleRequest(
        method="POST",
        url=f"https://q.example/{hostile}",
        variable=None,
        headers={"X-A": hostile},
        body={"text": hostile},
        answered="application/json",
    )
    expected = ("POST", request.url, {"text": hostile})
    method, url, headers, body = sent_by_curl(curl_of(request))
    assert (method, url, body) == expected
    assert headers["X-A"] == hostile
    method, url, headers, body = sent_by_python(python_of(request), monkeypatch)
    assert (method, url, body) == expected
    assert headers == {"X-A": hostile}


@pytest.mark.parametrize(
    "value", [None, True, 1.5, "é\n", [], {}, {"a": [1, {"b": None}], "c": "x" * 80}, ["y" * 70]]
)
def test_a_value_is_written_as_python_reads_it(value):
    assert eval(literal(value)) == value  # noqa: S307 - it is ours
