"""One request and its response on a libcurl handle."""

from __future__ import annotations

import errno
import io
from typing import Any

import pycurl

from app.delivery.answer import cut_text, has_valid_status, wishes
from app.delivery.errors_text import NOT_HTTP, Progress, explain, tls_error
from app.delivery.guard import Guard
from app.delivery.kept_connections import CAN_WATCH
from app.delivery.request import POST, Request
from app.domain.addresses import TargetPolicy
from app.domain.expectation import READ_LIMIT, Expectation
from app.domain.occurrence import RESPONSE_LIMIT
from app.domain.outcome import NOT_ALLOWED, NOT_ALLOWED_MESSAGE, Outcome, Timings

_EXPECTED = 1_000_000
"""Bytes of a body from which libcurl would wait for ``100 Continue``, unless told not to."""

_BROKEN_WHEN_KEPT = (pycurl.E_SEND_FAIL_REWIND, pycurl.E_SEND_ERROR)
"""How libcurl reports that a kept connection broke before the answer began."""

_QUICK_EXIT = 322  # CURLOPT_QUICK_EXIT, which pycurl has no name for

KEPT_S = 45
"""How old a connection may be that is used again."""

IDLE_S = 4
"""How long it may have been idle, unless the settings say otherwise: Node, Apache and uvicorn close
one after five seconds."""

DNS_S = 10
"""How long the address of a name is remembered. With ``KEPT_S``: within a minute, requests go to
the new address of a name that has moved."""

_OPTIONS = {
    # Connections
    pycurl.NOSIGNAL: 1,
    pycurl.POST: 1,
    pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
    pycurl.FORBID_REUSE: not CAN_WATCH,
    pycurl.DNS_CACHE_TIMEOUT: DNS_S,
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

    Options that never change are set once. Every request sets its headers and its body, and of the
    rest what is not as it was for the last one. Headers are collected by ``list.append``: libcurl
    calls back for each of their lines, and a call of a Python function costs more than libcurl's
    own work for that line.

    libcurl reads the body from a file that it can't rewind. A connection that was kept may break
    before the receiver has answered; from a buffer, libcurl would by itself send the request again,
    up to five times, although the receiver may have done what it asks for. So it gives up instead,
    and one attempt is one request. (With a connection that was just made it never sends again.)
    """

    __slots__ = (
        "_answer_size",
        "_body",
        "_body_size",
        "_chunks",
        "_due_us",
        "_expect",
        "_fresh",
        "_guard",
        "_headers",
        "_kept_size",
        "_method",
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
        self._body, self._body_size = io.BytesIO(), -1
        self._url = ""
        self._method = POST
        self._expect: Expectation | None = None
        self._kept_size = RESPONSE_LIMIT
        self._fresh = False
        self.curl = pycurl.Curl()
        for option, value in _OPTIONS.items():
            self.curl.setopt(option, value)
        self.curl.setopt(pycurl.USERAGENT, "")  # pycurl has set its own; ours is in the request
        self.curl.setopt(pycurl.CAINFO, ca_file)
        self.curl.setopt(pycurl.OPENSOCKETFUNCTION, self._guard.open)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._headers.append)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._read)

    def begin(
        self, token: Any, request: Request, due_us: int, started_us: int, *, fresh: bool = False
    ) -> None:
        """Prepare the handle for a request; ``fresh``: on a connection of its own.

        Raises ``pycurl.error`` for what can't be sent.
        """
        self.token = token
        self._due_us, self._started_us = due_us, started_us
        self._answer_size = 0
        if request.expect is not self._expect:
            self._expect = request.expect
            looks_inside = self._expect is not None and self._expect.text
            self._kept_size = READ_LIMIT if looks_inside else RESPONSE_LIMIT
        self._headers.clear()
        self._chunks.clear()
        if self._guard.used:
            self._guard.reset()
        setopt = self.curl.setopt
        if fresh is not self._fresh:
            self.connect_fresh(fresh=fresh)
        if request.timeout_ms != self._timeout_ms:
            self._timeout_ms = request.timeout_ms
            setopt(pycurl.TIMEOUT_MS, request.timeout_ms)
        if request.method != self._method:
            self._use_method(request.method)
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
        if len(request.body) != self._body_size:
            self._body_size = len(request.body)
            setopt(pycurl.POSTFIELDSIZE_LARGE, self._body_size)
        self._body = io.BytesIO(request.body)
        setopt(pycurl.READFUNCTION, self._body.read)

    def _use_method(self, method: str) -> None:
        """Send requests with another method; all but HEAD are a POST that is called otherwise."""
        if "HEAD" in (method, self._method):
            self.curl.setopt(pycurl.NOBODY, method == "HEAD")  # libcurl waits for no body then
        if method != "HEAD":
            self.curl.setopt(pycurl.POST, 1)
        if method in ("HEAD", POST):
            self.curl.unsetopt(pycurl.CUSTOMREQUEST)
        else:
            self.curl.setopt(pycurl.CUSTOMREQUEST, method)
        self._method = method

    @property
    def url(self) -> str:
        """Where the request goes."""
        return self._url

    def new_connection(self) -> int | None:
        """The connection that the request has made and left open, as a file descriptor.

        libcurl knows it only before the handle is removed.
        """
        if not self._guard.opened:
            return None
        fd = self.curl.getinfo(pycurl.ACTIVESOCKET)
        return fd if fd >= 0 else None

    def was_not_sent(self, code: int) -> bool:
        """Whether a kept connection turned out dead before a byte of the request was written.

        Then nobody can have received it, and it may be sent.
        """
        return (
            code in _BROKEN_WHEN_KEPT
            and not self._guard.opened
            and self.curl.getinfo(pycurl.REQUEST_SIZE) == 0
        )

    def renew(self) -> None:
        """Prepare the handle for the same request on a connection of its own."""
        self._body.seek(0)
        self.connect_fresh(fresh=True)

    def connect_fresh(self, *, fresh: bool) -> None:
        """Have the request use no connection that was kept, or allow it to."""
        self._fresh = fresh
        self.curl.setopt(pycurl.FRESH_CONNECT, fresh)

    def _read(self, chunk: bytes) -> int:
        """Receive a chunk of the answer's body; libcurl calls it, and stops if it returns less.

        A longer answer than is read is cut off and judged by what was read of it.
        """
        if self._answer_size <= self._kept_size:  # and one chunk more, to see what is cut
            self._chunks.append(chunk)
        self._answer_size += len(chunk)
        return len(chunk) if self._answer_size <= READ_LIMIT else 0

    def finish(self, code: int) -> Outcome:
        """Read the outcome of the request; ``code`` is libcurl's error code, 0 for none."""
        if code == pycurl.E_WRITE_ERROR and self._answer_size > READ_LIMIT:
            code = 0
        status = self.curl.getinfo(pycurl.RESPONSE_CODE) or None
        error = message = None
        body = b"".join(self._chunks)
        if code:
            error, message = self._explain(code, status)
        elif not has_valid_status(self._headers):
            status, (error, message) = None, NOT_HTTP
        elif self._expect is not None:
            error, message = self._expect.fault(status, body)
        elif status is None or not 200 <= status <= 299:
            error, message = "status", f"the receiver answered {status}"
        # What is not HTTP has no wishes.
        understood = self._headers if error != NOT_HTTP[0] else ()
        retry_after, abort, ack = wishes(understood)
        return Outcome(
            self._timings(),
            status,
            cut_text(body, RESPONSE_LIMIT),
            error,
            message,
            retry_after,
            abort,
            ack,
        )

    def _explain(self, code: int, status: int | None) -> tuple[str, str]:
        guard = self._guard
        if guard.refused and not guard.opened and not guard.os_error:
            return NOT_ALLOWED, NOT_ALLOWED_MESSAGE
        getinfo = self.curl.getinfo
        os_error = guard.os_error or getinfo(pycurl.OS_ERRNO)
        if code == pycurl.E_COULDNT_CONNECT and guard.opened:
            if os_error == 0:
                os_error = errno.EMFILE  # pycurl could not duplicate the socket
            elif os_error == errno.EADDRNOTAVAIL and not guard.has_route():
                os_error = errno.EHOSTUNREACH  # such as IPv6 on a host without it
        # A reused connection has no such phases: its times are 0 although bytes were sent.
        reused = not guard.opened and getinfo(pycurl.LOCAL_PORT) > 0
        return explain(
            code,
            Progress(
                timeout_ms=self._timeout_ms,
                resolved=reused or getinfo(pycurl.NAMELOOKUP_TIME_T) > 0,
                connected=reused or getinfo(pycurl.CONNECT_TIME_T) > 0,
                answered=status is not None,
                sent=getinfo(pycurl.SIZE_UPLOAD_T) >= self._body_size,
                os_error=os_error,
                tls_error=tls_error(self.curl.errstr()),
            ),
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
