"""The outcome of one attempt: what the receiver answered, or why there is no answer."""

from __future__ import annotations

from typing import NamedTuple

NOT_ALLOWED = "not_allowed"
"""The error of an attempt whose target may not be reached."""

NOT_ALLOWED_MESSAGE = "target not allowed"


FILES, MEMORY, PORTS, THREADS = "files", "memory", "ports", "threads"
RESOLVER, CERTIFICATES = "resolver", "certificates"
KEY = "encryption_key"

LOCAL_FAULTS = {
    FILES: "this host has too many files open",
    MEMORY: "this host is out of memory",
    PORTS: "this host has no free port for another connection",
    THREADS: "this host can start no more threads",
    RESOLVER: "this host's name server does not answer",
    KEY: "this host lacks the encryption key of a stored secret",
    CERTIFICATES: "this host's trusted certificates can't be read",
}
"""What the sending host may lack: the errors of requests that were not sent for it, and each as a
sentence. Such a request is no attempt."""

NACK = "nack"
"""The error of an attempt that was not acknowledged."""

NO_CLIENT = "no_client"
"""The error of an attempt whose client is not connected."""

CLIENT_BUSY = "client_busy"
PUT_OFF = LOCAL_FAULTS | {
    CLIENT_BUSY: "its client has too many messages that it has not acknowledged"
}
"""The errors of requests that were not sent and are no attempts, each as a sentence."""


class Timings(NamedTuple):
    """When things happened in one attempt.

    Moments are microseconds since 1970 on the service's clock; ``…_took`` are microseconds, from
    libcurl, ``None`` where the phase was not reached or not needed (a connection used again has
    no DNS, connect and TLS phase).
    """

    due_us: int
    started_us: int
    done_us: int
    first_byte_us: int | None = None
    dns_took: int | None = None
    connect_took: int | None = None
    tls_took: int | None = None


class Outcome(NamedTuple):
    """What one attempt came to.

    ``response_body`` is at most the first 4,096 bytes, as received: treat it as hostile.
    ``error`` is a word for machines, ``None`` for a success: ``status`` (an answer, but not 2xx, or
    not what its event expects), ``body`` (nor is what stands in it),
    ``timeout`` (no answer in time), ``too_slow`` (an answer that did not end in time), ``dns``,
    ``refused``, ``unreachable``, ``tls``, ``closed``, ``reset``, ``protocol``, ``not_allowed``,
    ``url``, ``internal``, ``nack`` (it was not acknowledged), ``no_client`` (no such client is
    connected), ``client_busy`` (it has enough) or one of ``LOCAL_FAULTS``.
    ``error_message`` says the same to people.
    """

    timings: Timings
    status_code: int | None = None
    response_body: bytes = b""
    error: str | None = None
    error_message: str | None = None
    retry_after: str | None = None
    """The ``Retry-After`` header as received."""
    abort: bool = False
    """The receiver answered ``webhook-delivery: abort-message``: do not try again."""
    ack_required: bool = False
    """The receiver answered ``Qhronos-Ack: required``: done only when acknowledged."""
    ack_ms: int | None = None
    """How long it may take to do so; ``None``: as long as the event says."""

    @property
    def succeeded(self) -> bool:
        """Whether the delivery is done: a whole answer from 200 to 299, or as its event expects."""
        return self.error is None
