"""Requests and answers byte by byte."""

from __future__ import annotations

import contextlib
import socket

HELLO = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"


def request(path: str, *headers: str, method: str = "GET", body: bytes = b"") -> bytes:
    """One request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def answered(connection: socket.socket, *, head: bool = False) -> tuple[int, dict[str, str], bytes]:
    """Read one answer, and nothing behind it: its status, headers in lower case, and body."""
    status, *lines = _read_until(connection, b"\r\n\r\n").decode().split("\r\n")[:-2]
    headers = dict(line.lower().split(": ", 1) for line in lines)
    size = 0 if head else int(headers.get("content-length", 0))
    body = b""
    while len(body) < size and (part := connection.recv(min(size - len(body), 2**20))):
        body += part
    return int(status.split()[1]), headers, body


def is_over(connection: socket.socket) -> bool:
    """Read until the server ends the connection."""
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(2**20):
            pass
    return True


def _read_until(connection: socket.socket, end: bytes) -> bytes:
    read = b""
    while not read.endswith(end):
        part = connection.recv(1)
        if not part:
            raise AssertionError(f"the server ended the connection after {read!r}")
        read += part
    return read
