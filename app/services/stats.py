"""What became of deliveries, by tag, target, status and time: read from the roll-ups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.clock import Clock
from app.domain.access import Access
from app.domain.stats import OTHER, Cell, Cells, Counts, DeliveryFigures
from app.domain.times import MAX_MS, to_rfc3339
from app.errors import InvalidInput
from app.store.stats import StatsStore
from app.store.stats_keys import STEPS

MAX_BUCKETS = 750
"""So many minutes, hours or days one answer adds up: 31 days have 744 hours."""

TOGETHER = 100
"""So many are read at once: with the most cells they are 10 MB, unpacked."""

SPAN_MS = 3_600_000
"""What is answered if nobody says since when."""

TAG, TARGET, STATUS = "tag", "target", "status"
GROUPS = (TAG, TARGET, STATUS)


@dataclass(frozen=True, slots=True)
class StatsQuery:
    """What to add up; ``None`` or empty is no limit. Times are ms UTC."""

    from_ms: int | None = None
    to_ms: int | None = None
    step: str | None = None
    group_by: str | None = None
    tag: str | None = None
    target: str | None = None
    statuses: Sequence[str] = ()
    limit: int = 20
    """How many groups to tell apart."""


@dataclass(slots=True)
class Stats:
    """DeliveryFigures from a moment on until another, ms UTC: whole steps."""

    first_ms: int
    end_ms: int
    step: str
    total: DeliveryFigures = field(default_factory=DeliveryFigures)
    series: list[tuple[int, DeliveryFigures]] = field(default_factory=list)
    """By when each step began; one in which nothing was recorded is left out."""

    groups: list[tuple[str | None, DeliveryFigures]] = field(default_factory=list)
    """The largest first; ``None`` is all that is in no other group."""


@dataclass(frozen=True, slots=True)
class StatsService:
    """Reads figures; what is out of scope is in none of them. Raises ``StoreUnavailable``."""

    store: StatsStore
    clock: Clock

    def of(self, query: StatsQuery, access: Access) -> Stats:
        """Add up what a token may see; raises ``InvalidInput`` for too many or too old steps."""
        found = self._window(query)
        groups: dict[str | None, DeliveryFigures] = {}
        for at_ms, cells in self.cells(found.step, found.first_ms, found.end_ms):
            figures = DeliveryFigures()
            for cell, counts in _wanted(cells, query, access):
                figures.add(cell, counts)
                if query.group_by is not None:
                    for name in _groups_of(cell, query.group_by, access):
                        groups.setdefault(name, DeliveryFigures()).add(cell, counts)
            if figures.size:
                found.series.append((at_ms, figures))
                found.total.add_all(figures)
        found.groups = _largest(groups, query.limit)
        return found

    def cells(self, step: str, first_ms: int, end_ms: int) -> Iterator[tuple[int, Cells]]:
        """Read what was recorded between two moments, step by step, each with its beginning."""
        size_ms = STEPS[step].size_ms
        numbers = range(first_ms // size_ms, -(-end_ms // size_ms))
        for start in range(0, len(numbers), TOGETHER):
            some = numbers[start : start + TOGETHER]
            read = self.store.read([(step, number) for number in some])
            for number, cells in zip(some, read, strict=True):
                yield number * size_ms, cells

    def _window(self, query: StatsQuery) -> Stats:
        now_ms = self.clock.now_ms()
        to_ms = now_ms if query.to_ms is None else query.to_ms
        from_ms = to_ms - SPAN_MS if query.from_ms is None else query.from_ms
        if from_ms >= to_ms:
            raise InvalidInput.field("from", "must be before to, which is now if it is left out")
        steps = [query.step] if query.step else list(STEPS)
        for name in steps:
            step = STEPS[name]
            first_ms = from_ms // step.size_ms * step.size_ms
            end_ms = -(-to_ms // step.size_ms) * step.size_ms
            kept_since_ms = now_ms - step.kept_ms
            fits = (end_ms - first_ms) // step.size_ms <= MAX_BUCKETS
            if fits and first_ms >= kept_since_ms:
                return Stats(first_ms, min(end_ms, MAX_MS), name)
        if not fits:
            said = f"must be at most {MAX_BUCKETS} {name}s before to; or ask for a longer step"
            raise InvalidInput.field("from", said)
        since = to_rfc3339(-(-kept_since_ms // step.size_ms) * step.size_ms)
        raise InvalidInput.field("from", f"must be {since} or later: no older {name} is kept")


def _wanted(cells: Cells, query: StatsQuery, access: Access) -> Iterator[tuple[Cell, Counts]]:
    for cell, counts in cells.items():
        tags = cell.tag_list()
        if (
            access.sees(tags)
            and (query.tag is None or query.tag in tags)
            and (query.target is None or query.target == cell.target)
            and (not query.statuses or cell.outcome in query.statuses)
        ):
            yield cell, counts


def _groups_of(cell: Cell, group_by: str, access: Access) -> Sequence[str | None]:
    """The groups that a cell counts in; of tags there may be several."""
    if group_by == STATUS:
        return (cell.outcome,)
    if group_by == TARGET:
        return (None if cell.target in ("", OTHER) else cell.target,)
    # What bears a tag of the scope is seen, but of its other tags that would be half a figure.
    tags = [tag for tag in cell.tag_list() if access.is_admin or tag in access.scope]
    return tags or (None,)


def _largest(
    groups: dict[str | None, DeliveryFigures], limit: int
) -> list[tuple[str | None, DeliveryFigures]]:
    rest = groups.pop(None, None)
    named = sorted(groups.items(), key=lambda one: (-one[1].size, one[0] or ""))
    for _, figures in named[limit:]:
        rest = rest or DeliveryFigures()
        rest.add_all(figures)
    return [*named[:limit], *([(None, rest)] if rest else [])]
