"""Sends notifications: mail over one connection, requests several at once, through the guard."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from app.delivery.mailer import Mail, Mailer
from app.delivery.request import Request
from app.domain.outcome import Outcome

if TYPE_CHECKING:
    from app.delivery.sender import CurlSender

AT_ONCE = 16
"""How many requests are under way at once."""

NO_SERVER = "this instance has no mail server: set QHRONOS_SMTP_URL"


class Notifier:
    """Sends for a moment, and keeps no connection."""

    def __init__(self, open_sender: Callable[[int], CurlSender], mailer: Mailer | None) -> None:
        """``open_sender`` makes a sender for so many requests at once, which obeys the guard."""
        self._open_sender = open_sender
        self._mailer = mailer

    @property
    def can_mail(self) -> bool:
        """Whether there is a mail server."""
        return self._mailer is not None

    def send(self, outgoing: Sequence[Mail | Request], now_us: int) -> list[str | None]:
        """Send all; returns for each why it did not arrive, ``None`` if it did.

        It takes as long as the slowest: at most ``AT_ONCE`` of them.
        """
        said: dict[int, str | None] = {}
        mails = [(at, one) for at, one in enumerate(outgoing) if isinstance(one, Mail)]
        requests = [(at, one) for at, one in enumerate(outgoing) if isinstance(one, Request)]
        if mails and self._mailer is None:
            said |= {at: NO_SERVER for at, _ in mails}
        elif mails and self._mailer is not None:
            answers = self._mailer.send([mail for _, mail in mails])
            said |= dict(zip((at for at, _ in mails), answers, strict=True))
        for start in range(0, len(requests), AT_ONCE):
            said |= self._post(requests[start : start + AT_ONCE], now_us)
        return [said[at] for at in range(len(outgoing))]

    def _post(self, requests: Sequence[tuple[int, Request]], now_us: int) -> dict[int, str | None]:
        said: dict[int, str | None] = {}
        if not requests:
            return said
        # (Libcurl keeps the time of each; this is for what it does not end in time.)
        longest_s = max(one.timeout_ms for _, one in requests) / 1000
        until_s = time.monotonic() + longest_s + 2
        with closing(self._open_sender(len(requests))) as sender:
            for at, request in requests:
                sender.start(at, request, due_us=now_us, now_us=now_us)
            while len(said) < len(requests) and time.monotonic() < until_s:
                for at, outcome in sender.poll(200):
                    said[at] = _why(outcome)
        return {at: said.get(at, "the receiver did not answer in time") for at, _ in requests}


def _why(outcome: Outcome) -> str | None:
    return None if outcome.succeeded else outcome.error_message or outcome.error
