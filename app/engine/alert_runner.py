"""Looks for what alerts tell of, again and again, and sends it: a thread of the upkeep process.

Of all upkeep processes one leads, under a lease; the others take over when it falls silent. What
was found is stored before it is sent, and forgotten when it has arrived. So after a process that
died between the two, another sends again what may have arrived, under the same key. Nothing else is
told twice, and nothing is lost.
"""

from __future__ import annotations

import logging
import secrets
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence

from app.clock import Clock
from app.domain.alert_groups import AlertGroup, Sends
from app.domain.alert_texts import notification_of
from app.domain.alerts import Alert, AlertType, Finding
from app.engine.alert_sources import AlertSources
from app.engine.alert_watch import look
from app.errors import StoreUnavailable
from app.services.alert_sending import AlertSending
from app.store.alert_watch import AlertWatchStore, Change
from app.store.alerts import AlertStore
from app.store.left_out import left_out
from app.store.shards import Shards

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often to look."""

AWAY_S = 10.0
"""How long to wait after the store was away: workers that could not record an outcome do that
first, with the time of its end."""

AT_ONCE = 16
"""How many notifications one look sends: it takes no longer than the lease."""


class AlertRunner:
    """The loop; one thread runs it."""

    def __init__(
        self,
        alerts: AlertStore,
        store: AlertWatchStore,
        sources: AlertSources,
        sending: AlertSending,
        clock: Clock,
        shards: Shards,
    ) -> None:
        self._alerts = alerts
        self._store = store
        self._sources = sources
        self._sending = sending
        self._clock = clock
        self._shards = shards
        self._process = secrets.token_hex(8).encode()

    def run(self, stop: threading.Event) -> None:
        """Look and send until told to stop, then let another process lead."""
        wait_s = LOOK_S
        while not stop.wait(wait_s):
            wait_s = LOOK_S
            try:
                self.step()
            except StoreUnavailable:
                wait_s = AWAY_S  # who needs the store for more says so
                self._sources.forget()
            except Exception:  # alerts must not end because one can't be told
                log.exception("alerts could not be looked for")
                self._sources.forget()
        try:
            self._store.leave(self._process)
        except StoreUnavailable:
            return

    def step(self) -> int:
        """Look once and send what is due, if this process leads; returns how many were sent."""
        if not self._alerts.count():
            if self._store.is_known():
                self._store.clear()
                self._sources.forget()
            return 0
        if not self._store.lead(self._process):
            return 0
        alerts = self._alerts.all()
        now_ms = self._clock.now_ms()
        known = self._store.known()
        # An alert may be of the very shard that is away.
        change, findings = self._shards.read(lambda: self._look(alerts, known, now_ms))
        groups = self._alerts.groups()
        grown = grouped(alerts, findings, groups, now_ms)
        if not self._store.commit(self._process, change, grown):
            self._sources.forget()
            return 0
        return self._send(alerts, groups | grown)

    def _look(
        self, alerts: Sequence[Alert], known: dict[str, int], now_ms: int
    ) -> tuple[Change, list[Finding]]:
        if left_out():
            self._sources.forget()  # it may be looked for again, without a shard that is away
        return look(self._sources, alerts, known, now_ms)

    def _send(self, alerts: Sequence[Alert], groups: dict[str, AlertGroup]) -> int:
        sends, now_ms = self._alerts.all_sends(), self._clock.now_ms()
        # Deleted while something was found for them, or sent.
        gone = (groups.keys() | sends.keys()) - {one.id for one in alerts}
        self._alerts.forget_gone(sorted(gone)[:AT_ONCE])
        # Those that were changed last are last: a change has what failed tried again at once, and
        # whoever goes on changing must not keep the others waiting.
        due = [
            one
            for one in sorted(alerts, key=lambda one: one.updated_ms)
            if (group := groups.get(one.id)) is not None
            and now_ms >= sends.get(one.id, Sends()).next_ms(group.since_ms, one.per_hour, now_ms)
        ][:AT_ONCE]
        mails = [one for one in due if one.kind is AlertType.MAIL]
        others = [one for one in due if one.kind is not AlertType.MAIL]
        return sum(self._send_some(some, groups, sends) for some in (others, mails) if some)

    def _send_some(
        self, due: Sequence[Alert], groups: Mapping[str, AlertGroup], sends: Mapping[str, Sends]
    ) -> int:
        """Send and note it, within one lease: a slow mail server has no chat told twice."""
        if not self._store.lead(self._process):
            return 0
        console = self._sending.console
        told = [(one, notification_of(groups[one.id], one.name, one.id, console)) for one in due]
        errors = self._sending.send(told)
        now_ms = self._clock.now_ms()
        after: dict[str, Sends] = {}
        arrived: list[str] = []
        for alert, error in zip(due, errors, strict=True):
            before = sends.get(alert.id, Sends())
            if error is None:
                arrived.append(alert.id)
                after[alert.id] = before.sent(now_ms)
            else:
                after[alert.id] = before.failed(error, now_ms)
                extra = {"alert": alert.id, "error": error}
                log.warning("a notification did not arrive", extra=extra)
        self._store.note(self._process, after, arrived)
        return len(arrived)


def grouped(
    alerts: Iterable[Alert], findings: Sequence[Finding], groups: dict[str, AlertGroup], now_ms: int
) -> dict[str, AlertGroup]:
    """Put findings to what alerts have yet to tell; returns the groups that have grown."""
    grown: dict[str, AlertGroup] = {}
    for alert in alerts:
        own = [one for one in findings if alert.wants(one)]
        if own:
            group = groups.get(alert.id) or AlertGroup(str(uuid.uuid4()), now_ms)
            grown[alert.id] = group.add(own)
    return grown
