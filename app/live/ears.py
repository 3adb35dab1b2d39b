"""What a process hears from the store for its live connections, in two threads of its own."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence

from app.clock import Clock
from app.errors import StoreUnavailable
from app.store.live import LiveStore, Mail, Mailbox, Told

log = logging.getLogger(__name__)

WAIT_S = 1.0
"""How long a call of the store waits for something to hear."""

PAUSE_S = 0.5
"""How long a store that is away is left alone."""

READY_S = 5.0
BATCH = 500


class Ears:
    """Hears from ``__init__`` to ``close``; the callbacks are called by its threads."""

    def __init__(
        self,
        store: LiveStore,
        clock: Clock,
        process: str,
        on_mail: Callable[[Sequence[Mail]], object],
        on_told: Callable[[Sequence[Told]], object],
        on_anew: Callable[[], object],
        on_missed: Callable[[], object],
    ) -> None:
        """``on_mail`` gets what a mailbox does; ``on_anew`` is called when it was deaf before.

        ``on_missed`` is called before ``on_told`` gets what comes after a gap.
        """
        self._store = store
        self._clock = clock
        self._process = process
        self._on_mail, self._on_told, self._on_anew = on_mail, on_told, on_anew
        self._on_missed = on_missed
        self._stop = threading.Event()
        self._has_mailbox = threading.Event()
        self._has_position = threading.Event()
        for work in (self._hear_mail, self._hear_told):
            threading.Thread(target=work, name="live-ears", daemon=True).start()

    def await_ready(self) -> None:
        """Wait until nothing that is sent from now on is missed; raises ``StoreUnavailable``."""
        for event in (self._has_mailbox, self._has_position):
            if not event.wait(READY_S):
                raise StoreUnavailable

    def close(self) -> None:
        """Have the threads end soon."""
        self._stop.set()

    def _hear_mail(self) -> None:
        was_deaf = False
        while not self._stop.is_set():
            try:
                with contextlib.closing(self._store.mailbox(self._process)) as mailbox:
                    self._has_mailbox.set()
                    if was_deaf:
                        self._on_anew()
                    self._read(mailbox)
            except StoreUnavailable:
                was_deaf = True
                self._has_mailbox.clear()
                self._stop.wait(PAUSE_S)

    def _read(self, mailbox: Mailbox) -> None:
        while not self._stop.is_set():
            if mail := mailbox.receive(WAIT_S, BATCH):
                self._on_mail(mail)

    def _hear_told(self) -> None:
        position: bytes | None = None
        while not self._stop.is_set():
            try:
                if position is None:
                    position = self._store.told_until_now()
                    self._has_position.set()
                told = self._store.told_after(position, BATCH, wait_ms=int(WAIT_S * 1000))
                # Who hears all that there is has missed nothing.
                is_behind = len(told) == BATCH
                if is_behind and self._store.is_missed_after(position, self._clock.now_ms()):
                    self._on_missed()
            except StoreUnavailable:
                self._stop.wait(PAUSE_S)
                continue
            if told:
                position = told[-1].position
                self._on_told(told)
                # What comes in this moment is sent with one write to each listener.
                self._stop.wait(0.005)
