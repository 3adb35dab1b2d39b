"""Where alerts look, and what one process remembers between its looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.event import Event
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.store.alert_signals import AlertSignals
from app.store.breakers import BreakerStore
from app.store.events import EventStore
from app.store.occurrences import OccurrenceStore
from app.store.work import WorkStore

RETRYING = 500
"""How many occurrences that wait for another attempt are looked at: the newest."""

CHECKED = 100
"""How many failing events one look reads again."""

LAST = 3
"""How many occurrences of an event are read to see whether it fails."""

REMEMBERED = 20_000
"""Of how many occurrences it is remembered that they were read."""

PROBLEMS_KEPT_MS = 5_000
BURNING_KEPT_MS = 30_000

Concerns = Callable[[str, Sequence[str]], bool]
"""Whether any event with one of these tags has this target."""


@dataclass(slots=True)
class AlertSources:
    """Reads, for the looks of one process. Every call raises ``StoreUnavailable``."""

    signals: AlertSignals
    occurrences: OccurrenceStore
    events: EventStore
    breakers: BreakerStore
    work: WorkStore
    concerns: Concerns
    problems: Callable[[], Mapping[str, str]] = dict
    """What is wrong with the instance: codes, and sentences for everybody."""

    burning: Callable[[], Mapping[str, str]] = dict
    """The tags whose error budget burns, and how."""

    _seen: dict[bytes, None] = field(default_factory=dict, init=False)
    """Occurrences that this process has read while they waited for another attempt."""

    _checked: int = field(default=0, init=False)
    _problems: Mapping[str, str] = field(default_factory=dict, init=False)
    _problems_until_ms: int = field(default=0, init=False)
    _burning: Mapping[str, str] = field(default_factory=dict, init=False)
    _burning_until_ms: int = field(default=0, init=False)

    def forget(self) -> None:
        """Read again what was read before: what came of it was not kept."""
        self._seen.clear()

    def problems_of(self, now_ms: int) -> Mapping[str, str]:
        """What is wrong, as of ``PROBLEMS_KEPT_MS`` ago at most: that costs some round trips."""
        if not 0 <= self._problems_until_ms - now_ms <= PROBLEMS_KEPT_MS:
            self._problems = self.problems()
            self._problems_until_ms = now_ms + PROBLEMS_KEPT_MS
        return self._problems

    def burning_at(self, now_ms: int) -> Mapping[str, str]:
        """What burns, as of ``BURNING_KEPT_MS`` ago at most: that reads many figures."""
        if not 0 <= self._burning_until_ms - now_ms <= BURNING_KEPT_MS:
            self._burning = self.burning()
            self._burning_until_ms = now_ms + BURNING_KEPT_MS
        return self._burning

    def unseen_retrying(self) -> list[bytes]:
        """The newest occurrences that wait for another attempt, without those read before."""
        newest = self.signals.retrying(RETRYING)
        unseen = [one for one in newest if one not in self._seen]
        if len(self._seen) > REMEMBERED:
            self._seen.clear()
        self._seen.update(dict.fromkeys(unseen))
        return unseen

    def next_checked(self, failing: Sequence[str]) -> list[str]:
        """The failing events whose turn it is to be read again."""
        if len(failing) <= CHECKED:
            return list(failing)
        start = self._checked % len(failing)
        self._checked = start + CHECKED
        return [*failing, *failing][start : start + CHECKED]

    def read(self, occurrence_ids: Sequence[bytes]) -> list[Occurrence]:
        """Read occurrences; those that are gone are left out."""
        read = self.occurrences.get_many(occurrence_ids) if occurrence_ids else []
        return [one for one in read if one is not None]

    def ended_at(self, moments: Mapping[bytes, int]) -> list[Occurrence]:
        """Read those that ended then (ms UTC).

        What was brought back from the archive did not: it was told of long ago.
        """
        return [one for one in self.read([*moments]) if one.completed_ms == moments[one.id]]

    def events_of(self, found: Sequence[Occurrence]) -> dict[bytes, Event]:
        """The events of occurrences, by id; those that are gone are left out."""
        wanted = sorted({one.event_id for one in found})
        return {one.id: one for one in self.events.get_many(wanted) if one is not None}

    def last_of(self, events: Sequence[Event]) -> list[list[Occurrence]]:
        """The last occurrences of each event, newest first."""
        if not events:
            return []
        last = self.occurrences.last_of(events, LAST)
        read = {one.id: one for one in self.read([one for some in last for one in some])}
        return [[read[one] for one in some if one in read] for some in last]


def is_tried(one: Occurrence) -> bool:
    """Whether an occurrence tells how its event fares; one that is cut short tells nothing."""
    if one.status in (OccurrenceStatus.COMPLETED, OccurrenceStatus.FAILED):
        return True
    return one.status is OccurrenceStatus.RETRYING and one.attempt_count > 0
