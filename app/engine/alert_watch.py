"""Looks for what alerts tell of, in what the store lists anyway.

A look reads a bounded part of each index, and only of those that some alert asks for. Conditions
that last are compared with what is known: so each is found once when it begins, and once when it is
over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.domain import ids
from app.domain.alerts import Alert, Condition, Finding
from app.domain.durations import format_duration
from app.domain.event import Event, EventStatus
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.engine.alert_slos import slo_findings
from app.engine.alert_sources import AlertSources, is_tried
from app.engine.circuit_breakers import FORGET_MS
from app.store.alert_watch import Change, beginning
from app.store.left_out import events_there, partitions_there
from app.store.shards import if_there

SETTLED_MS = 2_000
"""How long after it ended an occurrence is looked at: what ended then is recorded by now."""

MOST = 5_000
"""How many members of an index one look goes through, over all partitions."""

KEPT = 500
"""Of how many of them it reads more than their ids."""

LASTS_MS = 30_000
"""How long a problem of the instance lasts before it is told: a restart has its problems."""

BREAKERS = 10
"""Of how many breakers that have opened one look finds out whom they concern, and of as many that
have closed: each is a query for each alert's tags. The others are told by the next looks."""

MAX_FAILING = 2_000
"""Of how many events it is known at once that they fail. While there are more, those that begin are
told of as dead letters alone."""


def look(
    sources: AlertSources, alerts: Sequence[Alert], known: dict[str, int], now_ms: int
) -> tuple[Change, list[Finding]]:
    """Look once for what some alert asks for; returns what is known now, and what was found.

    What this context leaves out is looked for when it is back. Raises ``StoreUnavailable``.
    """
    wanted = {one for alert in alerts for one in alert.conditions}
    one = _Look(sources, alerts, known, now_ms)
    if Condition.DEAD_LETTER in wanted or Condition.FAILING in wanted:
        one.dead_letters(is_told=Condition.DEAD_LETTER in wanted)
    if Condition.FAILING in wanted:
        one.failing()
    if Condition.BREAKER_OPEN in wanted:
        if_there(one.breakers)
    if Condition.SERIES_ENDED in wanted:
        one.series()
    if Condition.SET_ASIDE in wanted:
        one.set_aside()
    if Condition.LAG in wanted:
        one.lag()
    if Condition.PROBLEM in wanted:
        one.problems()
    if Condition.SLO_BURN in wanted:
        burning = if_there(lambda: sources.burning_at(now_ms))
        if burning is not None:
            one.findings += slo_findings(burning, known, one.change, now_ms)
    one.forget_unwanted(wanted)
    return one.change, one.findings


class _Look:
    """One look: what is known before it, and what comes of it."""

    def __init__(
        self, sources: AlertSources, alerts: Sequence[Alert], known: dict[str, int], now_ms: int
    ) -> None:
        self._sources = sources
        self._alerts = alerts
        self._known = known
        self._now_ms = now_ms
        self._settled_ms = now_ms - SETTLED_MS
        self._failed: list[Occurrence] = []
        self.change = Change()
        self.findings: list[Finding] = []

    def dead_letters(self, *, is_told: bool) -> None:
        """Find what has failed for good since the last look."""
        signals = self._sources.signals
        most, kept = _shares(signals.partitions)
        moments: dict[bytes, int] = {}
        for partition in partitions_there(signals.partitions):
            after_ms = self._cursor(f"ended:{partition}")
            if after_ms < self._settled_ms:
                stretch = signals.failed(partition, after_ms, self._settled_ms, most, kept)
                moments |= dict(stretch.found)
                self._move(f"ended:{partition}", stretch.cursor)
        self._failed = self._sources.ended_at(moments)
        if is_told:
            events = self._sources.events_of(self._failed)
            self.findings += [
                Finding(
                    Condition.DEAD_LETTER,
                    moments[one.id],
                    ids.to_text(one.event_id),
                    _name(events.get(one.event_id)),
                    one.error_message or "",
                    one.tags,
                    ids.to_text(one.id),
                )
                for one in self._failed
            ]

    def failing(self) -> None:
        """Find events that have begun to fail, and those that succeed again."""
        known = _of("failing", self._known)
        waiting = self._sources.read(self._sources.unseen_retrying())
        begun = {one.event_id for one in (*waiting, *self._failed)}
        new = sorted(one for one in begun if ids.to_text(one) not in known)
        room = max(MAX_FAILING - len(known), 0)
        again = [ids.from_text(one, version=7) for one in self._sources.next_checked(list(known))]
        wanted = events_there([*new[:room], *(one for one in again if one is not None)])
        events = [one for one in self._sources.events.get_many(wanted) if one is not None]
        there = {ids.to_text(one.id) for one in events}
        gone = [ids.to_text(one) for one in wanted if ids.to_text(one) not in there]
        self.change.forgotten += [f"failing:{one}" for one in gone if one in known]
        for event, last in zip(events, self._sources.last_of(events), strict=True):
            self._judge(event, last, known)

    def _judge(self, event: Event, last: Sequence[Occurrence], known: dict[str, int]) -> None:
        text = ids.to_text(event.id)
        newest = next((one for one in last if is_tried(one)), None)
        fails = newest is not None and newest.status is not OccurrenceStatus.COMPLETED
        if newest is not None and fails != (text in known):
            detail = "" if not fails else newest.error_message or ""
            self.findings.append(self._about(Condition.FAILING, event, detail, is_over=not fails))
        # (Of one that has ended so, there is nothing more to wait for.)
        goes_on = fails and event.status is not EventStatus.INACTIVE
        if goes_on and text not in known:
            self.change.known[f"failing:{text}"] = self._now_ms
        elif text in known and not goes_on:
            self.change.forgotten.append(f"failing:{text}")

    def breakers(self) -> None:
        """Find breakers that have opened or closed."""
        known = _of("breaker", self._known)
        is_open = self._sources.breakers.all(self._now_ms - FORGET_MS)
        for target in sorted(is_open.keys() - known.keys())[:BREAKERS]:
            self.change.known[f"breaker:{target}"] = self._now_ms
            self._tell_of_breaker(target, is_over=False)
        for target in sorted(known.keys() - is_open.keys())[:BREAKERS]:
            self.change.forgotten.append(f"breaker:{target}")
            self._tell_of_breaker(target, is_over=True)

    def _tell_of_breaker(self, target: str, *, is_over: bool) -> None:
        asked: dict[tuple[str, ...], bool] = {(): True}
        for alert in self._alerts:
            if Condition.BREAKER_OPEN not in alert.conditions:
                continue
            if alert.tags not in asked:
                asked[alert.tags] = self._sources.concerns(target, alert.tags)
            if asked[alert.tags]:
                self.findings.append(
                    Finding(
                        Condition.BREAKER_OPEN,
                        self._now_ms,
                        target,
                        target,
                        is_over=is_over,
                        alert_id=alert.id,
                    )
                )

    def series(self) -> None:
        """Find series that have ended."""
        signals = self._sources.signals
        most, kept = _shares(signals.partitions)
        for partition in partitions_there(signals.partitions):
            after_ms = self._cursor(f"inactive:{partition}")
            if after_ms >= self._settled_ms:
                continue
            stretch = signals.ended_series(partition, after_ms, self._settled_ms, most, kept)
            self._move(f"inactive:{partition}", stretch.cursor)
            read = self._sources.events.get_many([one for one, _ in stretch.found])
            ended = [one for one in read if one is not None and one.schedule is not None]
            for event, last in zip(ended, self._sources.last_of(ended), strict=True):
                is_gone = last and last[0].status_code == 410
                detail = "its receiver answered 410 Gone" if is_gone else ""
                self.findings.append(self._about(Condition.SERIES_ENDED, event, detail))

    def set_aside(self) -> None:
        """Find events that the service has paused."""
        after_ms = self._cursor("aside")
        found = [one for one, _ in self._sources.signals.set_aside(after_ms, self._settled_ms)]
        if events_there(found) != found:
            return
        self._move("aside", max(after_ms, self._settled_ms))
        for event in self._sources.events.get_many(found):
            if event is not None and (pause := event.options.pause):
                self.findings.append(self._about(Condition.SET_ASIDE, event, pause.note or ""))

    def lag(self) -> None:
        """Find whether what is due waits too long, for each alert by its own measure."""
        known = _of("lag", self._known)
        heads = [head.due_ms for head in self._sources.work.heads() if head.due_ms is not None]
        late_ms = max(0, self._now_ms - min(heads, default=self._now_ms))
        late = {
            one.id: late_ms > one.lag_ms for one in self._alerts if Condition.LAG in one.conditions
        }
        for alert_id, is_late in late.items():
            if is_late != (alert_id in known):
                said = f"what is due waits for {format_duration(late_ms // 1_000 * 1_000)}"
                self.findings.append(
                    Finding(
                        Condition.LAG,
                        self._now_ms,
                        name=said if is_late else "",
                        is_over=not is_late,
                        alert_id=alert_id,
                    )
                )
                if is_late:
                    self.change.known[f"lag:{alert_id}"] = self._now_ms
        gone = [one for one in known if not late.get(one, False)]
        self.change.forgotten += [f"lag:{one}" for one in gone]

    def problems(self) -> None:
        """Find problems of the instance that last, and those told of that are over."""
        told, begun = _of("problem", self._known), _of("problem-since", self._known)
        found = self._sources.problems_of(self._now_ms)
        for code, message in found.items():
            if code not in begun:
                self.change.known[f"problem-since:{code}"] = self._now_ms
            elif code not in told and self._now_ms - begun[code] >= LASTS_MS:
                self.change.known[f"problem:{code}"] = self._now_ms
                self.findings.append(Finding(Condition.PROBLEM, self._now_ms, code, code, message))
        self.change.forgotten += [f"problem-since:{code}" for code in begun if code not in found]
        for code in sorted(told.keys() - found.keys()):
            self.change.forgotten.append(f"problem:{code}")
            self.findings.append(Finding(Condition.PROBLEM, self._now_ms, code, code, is_over=True))

    def forget_unwanted(self, wanted: Iterable[Condition]) -> None:
        """Forget what is known of conditions that no alert asks for any more."""
        kinds = {
            "ended": {Condition.DEAD_LETTER, Condition.FAILING},
            "failing": {Condition.FAILING},
            "breaker": {Condition.BREAKER_OPEN},
            "inactive": {Condition.SERIES_ENDED},
            "aside": {Condition.SET_ASIDE},
            "lag": {Condition.LAG},
            "problem": {Condition.PROBLEM},
            "problem-since": {Condition.PROBLEM},
            "slo": {Condition.SLO_BURN},
        }
        unwanted = {kind for kind, conditions in kinds.items() if conditions.isdisjoint(wanted)}
        self.change.forgotten += [
            name for name in self._known if name.partition(":")[0] in unwanted
        ]

    def _cursor(self, name: str) -> int:
        """Up to where an index was read; who looks for the first time begins now."""
        since_ms = beginning(self._known, name, self._settled_ms)
        if name not in self._known:
            self._move(name, since_ms)
        return min(since_ms, self._now_ms)

    def _move(self, name: str, to_ms: int) -> None:
        self.change.known[name] = to_ms

    def _about(
        self, condition: Condition, event: Event, detail: str, *, is_over: bool = False
    ) -> Finding:
        return Finding(
            condition,
            self._now_ms,
            ids.to_text(event.id),
            event.name,
            detail,
            event.tags,
            is_over=is_over,
        )


def _shares(partitions: int) -> tuple[int, int]:
    return max(MOST // partitions, 100), max(KEPT // partitions, 10)


def _of(kind: str, known: dict[str, int]) -> dict[str, int]:
    begin = f"{kind}:"
    return {one.removeprefix(begin): at for one, at in known.items() if one.startswith(begin)}


def _name(event: Event | None) -> str:
    return "(its event is gone)" if event is None else event.name
