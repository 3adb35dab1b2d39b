"""What a calendar file comes to: an entry of each UID and RECURRENCE-ID, taken or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an entry is not taken: one sentence for people, and where to look.

    ``line`` counts the lines of the file from 1, as an editor does. ``name`` is the property that
    is wrong, such as ``DTSTART``; ``None`` if it is the entry as a whole.
    """

    reason: str
    line: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ImportedEntry:
    """The newest version of one UID and RECURRENCE-ID.

    It is one of three: refused (``refusal``), called off (``is_cancelled``), or taken (``body``).

    uid
        Never empty; one line without control characters. A VEVENT without a UID has one that is
        made of what it says, so that the same file read again has the same.
    recurrence_id
        Empty for a series and for what occurs once. Otherwise the time of a series that is
        replaced or called off: ``2026-01-07T08:00:00Z``, or a date, as ``exclude`` takes it. If
        the file has the series, its body excludes that time already.
    is_range
        Whether all that follows ``recurrence_id`` is meant too (``RANGE=THISANDFUTURE``).
    line, number
        Where it begins in the file, and which VEVENT it is; both from 1.
    name
        What people know it by: its SUMMARY, else its UID. Also of what is refused.
    body
        What ``POST /events`` takes, not yet checked by its schema. The zone is in it.
    notices
        Sentences about what was left out or understood in another way than it was written.
    lines
        Fields of ``body`` and the lines that they come from, to say where a refused one is.
    """

    uid: str
    recurrence_id: str
    line: int
    number: int
    name: str
    body: Mapping[str, Any] | None = None
    refusal: Refusal | None = None
    is_cancelled: bool = False
    is_range: bool = False
    notices: tuple[str, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, path: str) -> int:
        """The line that a field of the body comes from, as in ``schedule.exclude.2``."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path.rpartition(".")[0]
        return self.line


@dataclass(frozen=True, slots=True)
class ReadCalendar:
    """A file that is cut into its entries; each is read when its turn comes.

    ``count`` is how many entries there are, none for a calendar without a VEVENT; ``events`` is
    how many VEVENTs they were made of, older versions among them.
    """

    count: int
    events: int
    read: Callable[[int], Iterator[ImportedEntry]]

    def entries(self, skipped: int = 0) -> Iterator[ImportedEntry]:
        """Read the entries but so many of the first, in the order of the file.

        What belongs to one UID comes together, the series first. Always the same order: who
        stopped after n entries goes on with ``entries(n)``. Each spends what it costs of the
        budget in force, so ``BudgetExceeded`` may end it.
        """
        return self.read(skipped)
