"""Names errors of a request: a code for programs and a sentence for people.

Decided by libcurl's error codes (libcurl-errors(3)), never by its texts, but for the numbers of
OpenSSL's errors in them.
"""

from __future__ import annotations

import errno
import re
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
    tls_error: int = 0
    """OpenSSL's reason, 0 for none."""


def _local(fault: str) -> tuple[str, str]:
    return fault, LOCAL_FAULTS[fault]


_OPENSSL_ERROR = re.compile("error:([0-9A-F]{8}):")
_OPENSSL_SSL = 20  # ERR_LIB_SSL
_ALERTS = 1_000  # SSL_AD_REASON_OFFSET: alerts of the other side are reasons from here on
_UNEXPECTED_EOF = 294  # SSL_R_UNEXPECTED_EOF_WHILE_READING
_CERTIFICATE_REQUIRED = 116  # alerts: RFC 8446, section 6.2
_MAY_WANT_CERTIFICATE = {40, 41, 42, 46}
"""handshake_failure, no_certificate, bad_certificate and certificate_unknown: what receivers say
with TLS 1.2."""

_TLS_MAY_HAVE_FAILED = {
    pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_SEND_ERROR,
    pycurl.E_RECV_ERROR,
    pycurl.E_SEND_FAIL_REWIND,
}

_WEIRD_SERVER_REPLY = 8  # pycurl knows these two by older names, or not at all
_TOO_LARGE = 100

_TLS = ("tls", "no secure connection could be made with the receiver (TLS)")
_CERTIFICATE = (
    "tls",
    "the receiver's certificate is not trusted, has expired or is for another host",
)
NOT_HTTP = ("protocol", "the receiver's answer is not valid HTTP")
_BY_CODE = {
    pycurl.E_COULDNT_RESOLVE_HOST: ("dns", "the receiver's host name could not be resolved"),
    pycurl.E_SSL_CONNECT_ERROR: _TLS,
    pycurl.E_SSL_CIPHER: _TLS,
    pycurl.E_PEER_FAILED_VERIFICATION: _CERTIFICATE,
    pycurl.E_SSL_CACERT_BADFILE: _local(CERTIFICATES),
    pycurl.E_SEND_ERROR: ("reset", "the connection broke while the request was being sent"),
    pycurl.E_GOT_NOTHING: ("closed", "the receiver closed the connection before answering"),
    pycurl.E_PARTIAL_FILE: ("closed", "the receiver closed the connection within its answer"),
    pycurl.E_UNSUPPORTED_PROTOCOL: NOT_HTTP,  # also an answer without a status line
    _WEIRD_SERVER_REPLY: NOT_HTTP,
    pycurl.E_BAD_CONTENT_ENCODING: NOT_HTTP,
    pycurl.E_RECV_ERROR: NOT_HTTP,  # without an error of the system's
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
    if progress.tls_error and code in _TLS_MAY_HAVE_FAILED:
        return _tls(code, progress)
    if code == pycurl.E_SEND_FAIL_REWIND:
        return _kept_broke(progress)
    if code == pycurl.E_RECV_ERROR and _broke(progress):
        when = "within its answer" if progress.answered else "before answering"
        return "reset", f"the receiver reset the connection {when}"
    return _BY_CODE.get(code, ("internal", f"the delivery failed (libcurl error {code})"))


def tls_error(text: str) -> int:
    """OpenSSL's reason in a text of libcurl's, 0 if there is none.

    The text holds the number of an error: eight digits, those of the library and of the reason in
    it (ERR_get_error(3)).
    """
    found = _OPENSSL_ERROR.search(text)
    number = int(found[1], 16) if found else 0
    return number & 0x7FFFFF if number >> 23 == _OPENSSL_SSL else 0


def _tls(code: int, progress: Progress) -> tuple[str, str]:
    """What broke a TLS connection, also after the handshake.

    With TLS 1.3 a client is done with the handshake before the receiver has looked at the client's
    certificate (RFC 8446, section 4.4.3), so the refusal comes in place of an answer.
    """
    alert = progress.tls_error - _ALERTS
    if alert == _CERTIFICATE_REQUIRED:
        return "tls", "the receiver wants a client certificate, and this service has none"
    if alert > 0:
        words = f"the receiver refused the secure connection (TLS alert {alert})"
        wanted = "; it may want a client certificate" if alert in _MAY_WANT_CERTIFICATE else ""
        return "tls", words + wanted
    if progress.tls_error == _UNEXPECTED_EOF and code != pycurl.E_SSL_CONNECT_ERROR:
        return _BY_CODE[pycurl.E_PARTIAL_FILE if progress.answered else pycurl.E_GOT_NOTHING]
    return _TLS


def _broke(progress: Progress) -> bool:
    """Whether the system saw the connection break; the error may be that of another address."""
    return progress.os_error not in {0, *_BY_ERRNO} or progress.os_error == errno.ECONNRESET


def _kept_broke(progress: Progress) -> tuple[str, str]:
    """A connection that was kept from an earlier request broke before the answer began."""
    if not progress.sent:
        return "reset", "the connection, kept from before, broke while the request was being sent"
    if _broke(progress):
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
