"""One request and its response on a libcurl handle."""

from __future__ import annotations

from typing import Any

import pycurl

from app.delivery.errors_text import Progress, explain
from app.delivery.guard import Guard
from app.delivery.request import Request
from app.domain.addresses import TargetPolicy
from app.domain.occurrence import RESPONSE_LIMIT
from app.domain.outcome import NOT_ALLOWED, NOT_ALLOWED_MESSAGE, Outcome, Timings

READ_LIMIT = 65_536
"""Bytes of an answer's body that are read; a longer answer is cut off and judged by its status."""

_EXPECTED = 1_000_000
"""Bytes of a body from which libcurl would wait for ``100 Continue``, unless told not to."""

_QUICK_EXIT = 322  # CURLOPT_QUICK_EXIT, which pycurl has no name for

_OPTIONS = {
    # Connections
    pycurl.NOSIGNAL: 1,
    pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
    _QUICK_EXIT: 1,  # on close, don't wait for a name server that does not answer
    # What a sender of webhooks must not do
    pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
    pycurl.FOLLOWLOCATION: 0,
    pycurl.PROXY: "",  # empty: not the environment's proxies either
    pycurl.NOPROXY: "*",
    pycurl.NETRC: pycurl.NETRC_IGNORED,
    pycurl.HTTP09_ALLOWED: 0,
    pycurl.HTTP_CONTENT_DECODING: 0,  # compressed answers stay compressed: no decompression bombs
    pycurl.PATH_AS_IS: 1,
    # TLS
    pycurl.SSL_VERIFYPEER: 1,
    pycurl.SSL_VERIFYHOST: 2,
    pycurl.SSLVERSION: pycurl.SSLVERSION_TLSv1_2,
}


class Exchange:
    """A libcurl handle that is used for one request after another.

    Options that never change are set once; a request sets four. Headers are collected by
    ``list.append``: libcurl calls back for each of their lines, and a call of a Python function
    costs more than libcurl's own work for that line.
    """

    __slots__ = (
        "_answer_size",
        "_chunks",
        "_due_us",
        "_guard",
        "_headers",
        "_started_us",
        "_timeout_ms",
        "_url",
        "curl",
        "token",
    )

    def __init__(self, policy: TargetPolicy, ca_file: str, own_port: int | None = None) -> None:
        self.token: Any = None
        self._guard = Guard(policy, own_port)
        self._headers: list[bytes] = []
        self._chunks: list[bytes] = []
        self._answer_size = self._due_us = self._started_us = self._timeout_ms = 0
        self._url = ""
        self.curl = pycurl.Curl()
        for option, value in _OPTIONS.items():
            self.curl.setopt(option, value)
        self.curl.setopt(pycurl.USERAGENT, "")  # pycurl has set its own; ours is in the request
        self.curl.setopt(pycurl.CAINFO, ca_file)
        self.curl.setopt(pycurl.OPENSOCKETFUNCTION, self._guard.open)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._headers.append)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._read)

    def begin(self, token: Any, request: Request, due_us: int, started_us: int) -> None:
        """Prepare the handle for a request. Raises ``pycurl.error`` for what can't be sent."""
        self.token = token
        self._due_us, self._started_us = due_us, started_us
        self._answer_size = 0
        self._headers.clear()
        self._chunks.clear()
        if self._guard.used:
            self._guard.reset()
        setopt = self.curl.setopt
        if request.timeout_ms != self._timeout_ms:
            self._timeout_ms = request.timeout_ms
            setopt(pycurl.TIMEOUT_MS, request.timeout_ms)
        if request.url != self._url:
            setopt(pycurl.URL, request.url)
            self._url = request.url
        # All lines as one entry: libcurl sends an entry as it is, and each entry costs time.
        headers = ["\r\n".join(request.headers).encode("latin-1")]
        if request.own:
            # One entry each: libcurl omits its own ``Accept`` header if it finds one here.
            headers += [line.encode("latin-1") for line in request.own]
        if len(request.body) >= _EXPECTED:
            headers.append(b"Expect:")
        setopt(pycurl.HTTPHEADER, headers)
        setopt(pycurl.POSTFIELDS, request.body)

    def _read(self, chunk: bytes) -> int:
        """Receive a chunk of the answer's body; libcurl calls it, and stops if it returns less."""
        if self._answer_size < RESPONSE_LIMIT:
            self._chunks.append(chunk)
        self._answer_size += len(chunk)
        return len(chunk) if self._answer_size <= READ_LIMIT else 0

    def finish(self, code: int) -> Outcome:
        """Read the outcome of the request; ``code`` is libcurl's error code, 0 for none."""
        if code == pycurl.E_WRITE_ERROR and self._answer_size > READ_LIMIT:
            code = 0
        status = self.curl.getinfo(pycurl.RESPONSE_CODE) or None
        error = message = None
        if code:
            error, message = self._explain(code, status)
        elif status is None or not 200 <= status <= 299:
            error, message = "status", f"the receiver answered {status}"
        retry_after, abort, ack = self._instructions()
        return Outcome(
            self._timings(),
            status,
            b"".join(self._chunks)[:RESPONSE_LIMIT],
            error,
            message,
            retry_after,
            abort,
            ack,
        )

    def _explain(self, code: int, status: int | None) -> tuple[str, str]:
        guard = self._guard
        if guard.refused and not guard.opened:
            return NOT_ALLOWED, NOT_ALLOWED_MESSAGE
        getinfo = self.curl.getinfo
        # A reused connection has no such phases: its times are 0 although bytes were sent.
        reused = not guard.opened and getinfo(pycurl.PRETRANSFER_TIME_T) > 0
        return explain(
            code,
            Progress(
                timeout_ms=self._timeout_ms,
                resolved=reused or getinfo(pycurl.NAMELOOKUP_TIME_T) > 0,
                connected=reused or getinfo(pycurl.CONNECT_TIME_T) > 0,
                answered=status is not None,
                os_error=guard.os_error or getinfo(pycurl.OS_ERRNO),
            ),
        )

    def _instructions(self) -> tuple[str | None, bool, bool]:
        """Read the headers Retry-After, Webhook-Delivery and Qhronos-Ack of the answer."""
        headers = b"".join(self._headers)
        lower = headers.lower()
        if (
            b"\nretry-after:" not in lower
            and b"\nwebhook-delivery:" not in lower
            and b"\nqhronos-ack:" not in lower
        ):
            return None, False, False
        # Interim answers (1xx) come first; they say nothing about the delivery.
        start = max(lower.rfind(b"\nhttp/"), 0)
        fields = _fields(headers[start:])
        return (
            fields.get("retry-after"),
            fields.get("webhook-delivery", "").lower() == "abort-message",
            fields.get("qhronos-ack", "").lower() == "required",
        )

    def _timings(self) -> Timings:
        getinfo = self.curl.getinfo
        started_us = self._started_us
        done_us = started_us + getinfo(pycurl.TOTAL_TIME_T)
        first_us = None
        if self._headers:
            first_us = started_us + getinfo(pycurl.STARTTRANSFER_TIME_T)
        if not self._guard.opened:  # a reused connection, or none
            return Timings(self._due_us, started_us, done_us, first_us)
        resolved = getinfo(pycurl.NAMELOOKUP_TIME_T)
        connected = getinfo(pycurl.CONNECT_TIME_T)
        secured = getinfo(pycurl.APPCONNECT_TIME_T)
        return Timings(
            self._due_us,
            started_us,
            done_us,
            first_us,
            resolved,
            max(connected - resolved, 0) if connected else None,
            max(secured - connected, 0) if secured else None,
        )


def _fields(block: bytes) -> dict[str, str]:
    """Parse header lines: names in lower case, values cut to 256 characters."""
    fields: dict[str, str] = {}
    for line in block.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.lower(), value.strip()[:256])
    return fields
