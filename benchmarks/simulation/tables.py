"""The tables of ``docs/scale.md``, as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from benchmarks.simulation.costs import AROUND, SERIES, Costs
from benchmarks.simulation.sizes import (
    ARCHIVED,
    EVENTS,
    KEPT,
    RATES,
    SHORT,
    History,
    Plan,
    limits,
    plan,
)

HISTORIES = (ARCHIVED, KEPT, SHORT)


def plans() -> list[Plan]:
    """One for each rate: those that one upkeep can keep a week of have a week."""
    return [plan(rate, ARCHIVED if rate <= ARCHIVED.most else SHORT) for rate in RATES]


def table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("| --- ", "|---") + "\n"


def processes(made: Sequence[Plan]) -> str:
    """How many of what, and what they use."""

    def rows() -> Iterator[Sequence[str]]:
        for one in made:
            yield (
                f"{one.rate:,}/s",
                one.history.name,
                f"{one.workers} with {one.concurrency} in flight; {one.worker_cores:.1f}",
                f"{one.nodes}; {one.store_cores:.1f}",
                f"{one.upkeep_cores:.2f}",
                f"{one.cell.p99_ms:.1f}",
            )

    head = ("rate", "history kept", "workers; cores", "store nodes; cores", "upkeep, cores")
    return table((*head, "late, p99, ms"), rows())


def machines(made: Sequence[Plan]) -> str:
    """How much memory goes where, and how many processes of the API it takes."""

    def rows() -> Iterator[Sequence[str]]:
        for one in made:
            yield (
                f"{one.rate:,}/s, {one.events:,}",
                f"{one.api_processes} of {_bytes(AROUND.api_bytes)}",
                f"{one.workers} of {_bytes(one.worker_bytes)}",
                f"2 of {_bytes(AROUND.other_bytes)}",
                f"{one.nodes} of {_bytes(one.node_bytes)}",
            )

    head = ("rate, events", "API", "workers", "scheduler, upkeep")
    return table((*head, "store nodes"), rows())


def traffic() -> str:
    """Bandwidth, and memory for history."""

    def rows() -> Iterator[Sequence[str]]:
        a = AROUND
        for rate in RATES:
            yield (
                f"{rate:,}/s",
                _bits(rate * (a.to_store_bytes + a.from_store_bytes)),
                _bits(rate * a.to_replica_bytes),
                _bits(rate * (a.to_receiver_bytes + a.from_receiver_bytes)),
                _bytes(SHORT.bytes(rate)),
                _bytes(History("a day", 86_400, 0, 0, 0).bytes(rate)),
                _bytes(ARCHIVED.bytes(rate)),
            )

    head = ("rate", "store and workers", "to each replica", "receivers")
    return table((*head, "half an hour kept", "a day", "a week"), rows())


def events() -> str:
    """What events take that are stored, and how long it takes to make them."""

    def rows() -> Iterator[Sequence[str]]:
        a = AROUND
        for count in EVENTS:
            yield (
                f"{count:,}",
                _bytes(count * a.event_bytes),
                _bytes(count * a.event_file_bytes),
                _time(count * a.create_us / 1e6),
                _time(count * a.create_store_us / 1e6),
                _time(count * a.create_single_us / 1e6),
            )

    head = ("events", "memory", "append-only file", "API, in batches", "store, in batches")
    return table((*head, "API, one by one"), rows())


def bottlenecks(made: Sequence[Plan]) -> str:
    """What gives out first, then what is next."""

    def rows() -> Iterator[Sequence[str]]:
        for one in made:
            first, second, *_ = limits(one)
            yield (
                f"{one.rate:,}/s",
                f"{first.what}, at {_rounded(first.rate)}/s",
                first.moved_by,
                f"{second.what}, at {_rounded(second.rate)}/s",
                str(one.installations),
            )

    return table(("sized for", "first", "what moves it", "next", "installations"), rows())


def upkeep() -> str:
    """What history costs beside deliveries."""

    def rows() -> Iterator[Sequence[str]]:
        for one in HISTORIES:
            yield (
                one.name,
                f"{one.upkeep_us:.0f}",
                f"{one.store_us:.0f}",
                f"{_rounded(one.most)}/s",
            )

    head = ("history kept", "upkeep, µs", "store, µs", "one upkeep keeps up with")
    return table(head, rows())


def costs() -> str:
    """What the simulation goes by."""
    c = Costs()
    begun = c.accept + c.send
    rows = (
        ("a delivery of a long backlog: worker; store", f"{c.worker_us:.0f}; {c.store_us:.0f}"),
        ("a turn of a drain's loop", f"{c.wake + c.step + c.poll:.0f}"),
        ("of that for each request in flight", f"{c.poll_in_flight:.1f}"),
        ("a request: begin and send; hear its end", f"{begun:.0f}; {c.poll_ended + c.handle:.0f}"),
        ("the store: a round trip; what it writes to disk", f"{c.trip:.0f}; {c.sync:.0f}"),
        ("a claim; each occurrence in it", f"{c.claim:.0f}; {c.claim_row:.0f}"),
        ("the same of an event that recurs", f"{SERIES.claim:.0f}; {SERIES.claim_row:.0f}"),
        ("a call that records; each occurrence in it", f"{c.record:.0f}; {c.record_each:.0f}"),
        ("an event made in a batch: API; store",
         f"{AROUND.create_us:.0f}; {AROUND.create_store_us:.0f}"),
        ("an event made alone: API", f"{AROUND.create_single_us:,.0f}"),
    )  # fmt: skip
    return table(("what", "µs of a processor"), iter(rows))


def all_tables() -> dict[str, str]:
    """Every table, by what it says."""
    made = plans()
    return {
        "What each step takes": costs(),
        "What upkeep takes for an occurrence": upkeep(),
        "Processes": processes(made),
        "Memory of each process": machines(made),
        "Bandwidth and memory": traffic(),
        "Events": events(),
        "What gives out first": bottlenecks(made),
    }


def _bits(bytes_a_second: float) -> str:
    mega = bytes_a_second * 8 / 1e6
    return f"{mega / 1000:.1f} Gbit/s" if mega >= 1_000 else f"{mega:.1f} Mbit/s"


def _bytes(count: float) -> str:
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"


def _time(seconds: float) -> str:
    if seconds >= 7_200:
        return f"{seconds / 3_600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


def _rounded(rate: float) -> str:
    """Two digits."""
    return f"{round(rate, 1 - math.floor(math.log10(rate))):,.0f}"
