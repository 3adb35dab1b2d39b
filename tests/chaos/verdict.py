"""What a run of chaos came to, in numbers that each say how they were found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What can be wrong, as the verdict names it."""

    LOST = "lost"
    WITHOUT_RECORD = "without a record"
    EARLY = "early"
    REPEATED = "repeated without a cause"
    GIVEN_UP = "given up without a change"
    MADE_UP = "made up"
    FAILED = "failed or missed"
    STANDING = "standing"
    UNAUDITED = "not in the audit log"
    CONTRADICTION = "contradictions"
    ANSWER = "wrong answers"
    UNMADE = "calls not made"


class Problem(NamedTuple):
    """One thing that is wrong, in a sentence."""

    kind: Kind
    text: str


@dataclass
class Verdict:
    """The numbers of a run. ``problems`` is empty if nothing is wrong."""

    problems: list[Problem] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    required: int = 0
    """Times that must have a record, by what the clients wrote and were answered."""
    deliveries: int = 0
    unheard: int = 0
    """Acknowledgements of which it is not known whether the API has heard them."""
    repeated: int = 0
    expired: int = 0
    """Leases that ended: their worker was killed or stopped, or had no store to renew them in."""
    unanswered: int = 0
    """Attempts that had no answer in time: the receiver was silent, or the worker was stopped."""
    withdrawn: int = 0
    """Occurrences that had come and ended unsent, of series that no policy and no flow limits."""
    watched: int = 0
    """Occurrences of series of which it was judged whether they stood still."""
    redelivered: int = 0
    """Others of them that were not judged, because somebody had them redelivered later."""
    deferred: int = 0
    """Others, because the limits of their target held them up."""
    changes: int = 0
    """Calls that changed something, as their answers say."""
    standing_ms: int = 0
    """The longest delay that nothing explains."""
    late_ms: list[int] = field(repr=False, default_factory=list)

    def note(self, kind: Kind, texts: Iterable[str]) -> None:
        self.problems += [Problem(kind, text) for text in texts]

    def count(self, kind: Kind) -> int:
        return sum(one.kind is kind for one in self.problems)

    @property
    def lines(self) -> Iterator[str]:
        """Each kind of problem with how many there are, and of how many that is."""
        by_status = ", ".join(f"{count} {name}" for name, count in sorted(self.statuses.items()))
        yield f"occurrences: {self.statuses.total()} ({by_status})"
        yield f"first requests, after their scheduled times: {self._lateness}"
        for kind, words in {
            Kind.LOST: f"{self.required} times had to come, by what was written and answered",
            Kind.WITHOUT_RECORD: f"{self.deliveries} deliveries were accepted, {self.unheard} more "
            "may have been acknowledged",
            Kind.EARLY: "no request came before its time",
            Kind.REPEATED: f"{self.repeated} deliveries came again: {self.expired} leases had "
            f"ended, {self.unanswered} attempts had no answer",
            Kind.GIVEN_UP: f"{self.withdrawn} that had come ended unsent, in series that nothing limits: a change took "
            "each of them away",
            Kind.MADE_UP: "nothing was delivered for a time that its event did not have then",
            Kind.FAILED: "what failed was reported so by its receiver, or three workers died of it",
            Kind.STANDING: f"{self.watched} times of series that nothing limits were judged; "
            f"{self.standing_ms} ms late at most beyond faults, stalls and what all were late; not "
            f"judged: {self.redelivered} redelivered, {self.deferred} deferred",
            Kind.UNAUDITED: f"{self.changes} changes that were answered have an entry or an intent each",
            Kind.CONTRADICTION: "the store at rest agrees with itself, and nothing is left open",
            Kind.ANSWER: "every answer of the API was one that its caller had to expect",
            Kind.UNMADE: "every write call of the API was made and answered",
        }.items():
            count = self.count(kind)
            yield f"{count:>4} {kind}: {words if not count else 'see below'}"

    @property
    def _lateness(self) -> str:
        late = sorted(self.late_ms) or [0]
        return ", ".join(
            f"{name} {late[min(int(len(late) * share), len(late) - 1)]} ms"
            for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
        )
