"""What gunicorn answers itself, and what it hands on broken: JSON, and a 4xx."""

from __future__ import annotations

import json
import socket

import pytest

from tests.support.stack import Stack

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /events?tags=" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", 400),
        (b"GET //events HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"<script>alert(1)</script>\r\n\r\n", 400),
    ],
    ids=["long address", "long header", "no length", "two slashes", "no request"],
)
def test_a_request_that_no_view_sees_is_refused_in_json(
    stack: Stack, request_bytes: bytes, status: int
) -> None:
    answered, body = exchange(stack, request_bytes)
    assert answered == status
    assert list(json.loads(body)) == ["error"]
    assert b"script" not in body


def test_a_body_in_broken_chunks_is_a_400(stack: Stack) -> None:
    token = stack.environ["QHRONOS_MASTER_TOKEN"].encode()
    head = (
        b"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + b"\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    answered, body = exchange(stack, head + b"zz\r\nabc\r\n0\r\n\r\n")
    assert answered == 400
    assert "error" in json.loads(body)


def exchange(stack: Stack, request_bytes: bytes) -> tuple[int, bytes]:
    """Send bytes as they are; return status and body."""
    port = int(stack.environ["QHRONOS_PORT"])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request_bytes)
        answer = b""
        while b"\r\n\r\n" not in answer or len(answer.partition(b"\r\n\r\n")[2]) < length(answer):
            part = connection.recv(65_536)
            if not part:
                break
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def length(answer: bytes) -> int:
    for line in answer.partition(b"\r\n\r\n")[0].lower().splitlines():
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0
