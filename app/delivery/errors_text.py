"""Names errors of a request: a code for programs and a sentence for people.

Decided by libcurl's error codes (libcurl-errors(3)), never by its texts.
"""

from __future__ import annotations

import errno
from typing import NamedTuple

import pycurl

from app.domain.durations import format_duration
from app.domain.outcome import CERTIFICATES, FILES, LOCAL_FAULTS, MEMORY, PORTS


class Progress(NamedTuple):
    """How far a request had come when it failed."""

    timeout_ms: int
    resolved: bool
    connected: bool
    answered: bool
    """A status line was read."""
    sent: bool = True
    """The whole request was written."""
    os_error: int = 0
    """The system's error number for the connection, 0 if it had none."""


def _local(fault: str) -> tuple[str, str]:
    return fault, LOCAL_FAULTS[fault]


_WEIRD_SERVER_REPLY = 8  # pycurl knows these two by older names, or not at all
_TOO_LARGE = 100

_TLS = ("tls", "no secure connection could be made with the receiver (TLS)")
_CERTIFICATE = (
    "tls",
    "the receiver's certificate is not trusted, has expired or is for another host",
)
_PROTOCOL = ("protocol", "the receiver's answer is not valid HTTP")
_BY_CODE = {
    pycurl.E_COULDNT_RESOLVE_HOST: ("dns", "the receiver's host name could not be resolved"),
    pycurl.E_SSL_CONNECT_ERROR: _TLS,
    pycurl.E_SSL_CIPHER: _TLS,
    pycurl.E_PEER_FAILED_VERIFICATION: _CERTIFICATE,
    pycurl.E_SSL_CACERT_BADFILE: _local(CERTIFICATES),
    pycurl.E_SEND_ERROR: ("reset", "the connection broke while the request was being sent"),
    pycurl.E_GOT_NOTHING: ("closed", "the receiver closed the connection before answering"),
    pycurl.E_PARTIAL_FILE: ("closed", "the receiver closed the connection within its answer"),
    pycurl.E_UNSUPPORTED_PROTOCOL: _PROTOCOL,  # also an answer without a status line
    _WEIRD_SERVER_REPLY: _PROTOCOL,
    pycurl.E_BAD_CONTENT_ENCODING: _PROTOCOL,
    pycurl.E_RECV_ERROR: _PROTOCOL,  # without an error of the system's
    _TOO_LARGE: ("protocol", "the receiver's answer has too many or too long headers"),
    pycurl.E_URL_MALFORMAT: ("url", "the target's URL can't be used"),
    pycurl.E_OUT_OF_MEMORY: _local(MEMORY),
    pycurl.E_FAILED_INIT: _local(MEMORY),
}
_UNREACHABLE = ("unreachable", "the receiver's host can't be reached from here")
_BY_ERRNO = {
    errno.ECONNREFUSED: ("refused", "the receiver refused the connection"),
    errno.ECONNRESET: ("reset", "the receiver broke off the connection while it was being made"),
    errno.ENETUNREACH: _UNREACHABLE,
    errno.EHOSTUNREACH: _UNREACHABLE,
    errno.EADDRNOTAVAIL: _local(PORTS),
    errno.EMFILE: _local(FILES),
    errno.ENFILE: _local(FILES),
    errno.ENOMEM: _local(MEMORY),
    errno.ENOBUFS: _local(MEMORY),
}


def explain(code: int, progress: Progress) -> tuple[str, str]:
    """Return the code and the sentence for a failed request."""
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return _timeout(progress)
    if code == pycurl.E_COULDNT_CONNECT:
        return _BY_ERRNO.get(progress.os_error, _UNREACHABLE)
    if code == pycurl.E_SEND_FAIL_REWIND:
        return _kept_broke(progress)
    if code == pycurl.E_RECV_ERROR and progress.os_error:
        when = "within its answer" if progress.answered else "before answering"
        return "reset", f"the receiver reset the connection {when}"
    return _BY_CODE.get(code, ("internal", f"the delivery failed (libcurl error {code})"))


def _kept_broke(progress: Progress) -> tuple[str, str]:
    """A connection that was kept from an earlier request broke before the answer began."""
    if not progress.sent:
        return "reset", "the connection, kept from before, broke while the request was being sent"
    if progress.os_error:
        return "reset", "the receiver reset the connection, kept from before, before answering"
    return "closed", "the receiver closed the connection, kept from before, before answering"


def _timeout(progress: Progress) -> tuple[str, str]:
    limit = format_duration(progress.timeout_ms)
    if progress.answered:
        return "too_slow", f"the receiver's answer did not end within {limit}"
    if progress.connected:
        return "timeout", f"the receiver did not answer within {limit}"
    if progress.resolved:
        return "timeout", f"no connection to the receiver could be made within {limit}"
    return "dns", f"the receiver's host name could not be resolved within {limit}"
