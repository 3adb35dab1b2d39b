"""What the server itself refuses, in the JSON that every other error has."""

from __future__ import annotations

import json
from collections.abc import Iterable

from app.metrics.registry import Tally

REFUSED = Tally()
"""How often this process has refused something, by the reason and the status. The event loop's
thread alone adds to it."""

MALFORMED = "This is not a request that HTTP knows; see RFC 9112."
CUT_OFF = "The request ended before it was whole; send all of it."
NO_HANDSHAKE = "This is not how a websocket begins; see RFC 6455, section 4.1, version 13."
TOO_SLOW = "The request did not arrive in time; send all of it within {seconds:g} seconds."
CROWDED = "Too many connections are open here; close some, or try again in a second."
TOO_MANY_WAIT = "Too many requests wait here already; try again in a second."
TOO_MUCH_HELD = "Too many large requests arrive at once; try again in a second."

_SENTENCES = {
    414: "The address is too long: it may have 8 KiB; name fewer tags or shorter cursors.",
    417: "The one expectation that is met is '100-continue'; leave out the header 'Expect'.",
    426: "This is where websockets begin: connect with a client for them, by GET and HTTP/1.1.",
    431: "The headers are too long or too many: each may have 8 KiB, and there may be 100.",
    500: "Something broke on our side.",
    501: "The one transfer coding that is understood is 'chunked'; send the body so, or whole.",
}
_REASONS = {
    400: "Bad Request",
    405: "Method Not Allowed",
    408: "Request Timeout",
    414: "URI Too Long",
    417: "Expectation Failed",
    426: "Upgrade Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}

_WORDS = {
    CROWDED: "connections",
    CUT_OFF: "cut_off",
    NO_HANDSHAKE: "handshake",
    TOO_MANY_WAIT: "queue",
    TOO_MUCH_HELD: "memory",
}
_WORD_OF_STATUS = {
    408: "slow",
    414: "address",
    417: "expectation",
    426: "upgrade",
    429: "share",
    431: "headers",
    500: "error",
    501: "coding",
}

_MORE_HEADERS = {
    426: (("Upgrade", "websocket"), ("Connection", "Upgrade")),  # RFC 9110, section 15.5.22
    429: (("Retry-After", "1"),),
    503: (("Retry-After", "1"),),
}


def sentence(status: int) -> str:
    """What a status means if nothing more is known; never what the client sent."""
    return _SENTENCES.get(status, MALFORMED)


def count(status: int, message: str) -> None:
    """Count an answer that is sent."""
    reason = _WORDS.get(message) or _WORD_OF_STATUS.get(status, "malformed")
    REFUSED[reason, str(status)] += 1


def body(message: str) -> bytes:
    """Return the JSON that stands for an error."""
    return json.dumps({"error": message}).encode()


def headers(status: int) -> list[tuple[str, str]]:
    """The headers of such an answer beside those for its length and its connection."""
    return [("Content-Type", "application/json"), *_MORE_HEADERS.get(status, ())]


def answer(status: int, message: str, more: Iterable[tuple[str, str]] = ()) -> bytes:
    """Return a whole answer, after which the connection is closed, and count it as sent."""
    count(status, message)
    content = body(message)
    lines = [
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}",
        *(f"{name}: {value}" for name, value in (*headers(status), *more)),
        f"Content-Length: {len(content)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content
