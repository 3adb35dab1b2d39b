"""Read every calendar file of other projects' packages, and compare with recurring-ical-events.

For each UID the first times of what was taken are those of the oracle, or the difference is shown.
What is not taken has a reason. Nothing may crash.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Any, Self

from app.domain.budget import limited
from app.domain.ical.imported import ImportedEntry
from app.domain.ical.importing import read_entries
from app.domain.recurrence import compile_schedule
from app.domain.recurrence.zones import resolve_local
from app.domain.times import parse_rfc3339, to_rfc3339
from app.errors import InvalidInput
from tests.calendars.oracle import MOST

KNOWN = {
    "end_before_start_event.ics": "swaps DTSTART and DTEND where the end is first",
    "issue_132_swapped_start_and_end.ics": "swaps DTSTART and DTEND where the end is first",
    "event_dt_mixed_awareness.ics": "reads a DTSTART without a zone in that of DTEND",
    "issue_1633_rdate_with_dates.ics": "takes a date in RDATE at midnight, we at the start's time",
    "issue_1633_rdate_with_dates_and_tzid.ics": (
        "takes a date in RDATE at midnight, we at the start's time"
    ),
    "issue_156_RDATE_with_PERIOD_TZID_khal.ics": "takes the first of several times in RDATE",
    "issue_156_RDATE_with_PERIOD_TZID_khal_2.ics": "takes the first of several times in RDATE",
    "recurrence.ics": "ends before the day that UNTIL names, we with it",
    "example.ics": "keeps the first of two entries that are the same version, we the last",
}
"""Files in which the oracle is known to differ, and what it does there."""

NUMBERS = {
    "files": "files",
    "whole": "no calendar",
    "entries": "entries",
    "agreeing": "taken, at the same times",
    "known": "taken, the oracle differs",
    "unknown": "taken, not compared",
    "cancelled": "called off",
    "refused": "refused",
    "different": "wrong",
}
"""The figures, and what the table calls them."""

ENDINGS = (".ics", ".ical", ".ifb", ".vcs")
STEPS = 2_000_000
FIRST_MS = 86_400_000


@dataclass(slots=True)
class Figures:
    """What became of the files of one package."""

    files: int = 0
    whole: int = 0
    entries: int = 0
    agreeing: int = 0
    cancelled: int = 0
    refused: int = 0
    known: int = 0
    different: int = 0
    unknown: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def main() -> None:
    """Unpack, read, compare, and print the table."""
    parser = argparse.ArgumentParser(prog="make calendars", description=__doc__)
    parser.add_argument("--python", required=True, help="a Python that has recurring-ical-events")
    parser.add_argument("--packages", type=Path, required=True, help="a folder of sdists")
    parser.add_argument("--show", action="store_true", help="show each difference and refusal")
    given = parser.parse_args()
    figures: dict[str, Figures] = {}
    with _Oracle(given.python) as oracle:
        for package, path in _files(given.packages):
            of = figures.setdefault(package, Figures())
            for line in _compare(path, of, oracle):
                if given.show:
                    print(f"{package}: {path.name}: {line}")
    print(_table(figures))
    if any(of.different for of in figures.values()):
        raise SystemExit("Some entries occur at other times than recurring-ical-events says.")


class _Oracle:
    """A process that answers for one file after the other."""

    def __init__(self, python: str) -> None:
        script = Path(__file__).with_name("oracle.py")
        self._process = subprocess.Popen(
            [python, "-W", "ignore", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate()

    def times(self, path: Path) -> Mapping[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{path}\n")
        stdin.flush()
        found: Mapping[str, Any] = json.loads(stdout.readline())
        return found


def _files(packages: Path) -> Iterator[tuple[str, Path]]:
    """Unpack each package beside itself; gives its name and each calendar file."""
    for package in sorted(packages.iterdir()):
        if not package.is_file():
            continue
        name = package.name.removesuffix(".tar.gz").removesuffix(".zip")
        folder = packages / "unpacked" / name
        if not folder.exists():
            folder.mkdir(parents=True)
            if package.suffix == ".zip":
                zipfile.ZipFile(package).extractall(folder)  # noqa: S202 - into a cache
            else:
                with tarfile.open(package) as archive:
                    archive.extractall(folder, filter="data")
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix.lower() in ENDINGS:
                yield name, path


def _compare(path: Path, of: Figures, oracle: _Oracle) -> Iterator[str]:
    of.files += 1
    data = path.read_bytes()
    try:
        with limited(STEPS):
            # As of the first start, so that what is over is compared, too.
            now_ms = max(FIRST_MS, min(_starts(data), default=FIRST_MS))
            calendar = read_entries(
                data, None, now_ms=now_ms, webhook="https://example.com/", most=20_000
            )
            groups: dict[str, list[ImportedEntry]] = {}
            for entry in calendar.entries():
                groups.setdefault(entry.uid, []).append(entry)
    except InvalidInput as error:
        of.whole += 1
        of.reasons[f"file: {error.message}"] += 1
        yield f"refused: {error.message}"
        return
    said = oracle.times(path)
    for uid, entries in groups.items():
        yield from _compare_uid(uid, entries, said, of, KNOWN.get(path.name))


def _compare_uid(
    uid: str,
    entries: Sequence[ImportedEntry],
    said: Mapping[str, Any],
    of: Figures,
    known: str | None,
) -> Iterator[str]:
    of.entries += len(entries)
    of.cancelled += sum(one.is_cancelled for one in entries)
    taken, refused = [], 0
    for one in entries:
        reason = None if one.refusal is None else one.refusal.reason
        times = None
        if one.body is not None:
            try:
                times = _occurrences(one.body)
            except InvalidInput as error:
                reason = error.message
        if reason is not None:
            refused += 1
            of.refused += 1
            of.reasons[reason] += 1
            yield f"{uid[:40]!r} refused: {reason}"
        elif times is not None:
            taken.append(times)
    name = f"#{entries[0].number}" if uid.startswith("no-uid-") else uid
    theirs = said.get(name, said.get(""))
    if refused or not taken:
        of.unknown += len(taken)
        return
    if not isinstance(theirs, list):
        of.unknown += len(taken)
        yield f"{uid[:40]!r} the oracle: {theirs}"
        return
    ours = list(islice(dict.fromkeys(merge(*taken)), MOST))
    if ours == theirs:
        of.agreeing += len(taken)
    elif known is not None:
        of.known += len(taken)
        yield f"{uid[:40]!r} the oracle {known}"
    else:
        of.different += len(taken)
        yield f"{uid[:40]!r}\n  ours   {ours}\n  theirs {theirs}\n  {entries}"


def _occurrences(body: Mapping[str, Any]) -> Iterator[str]:
    start, timezone = parse_rfc3339(body["start_time"]), body.get("timezone")
    start_ms = resolve_local(start, body["timezone"]) if isinstance(start, datetime) else start
    if body.get("schedule") is None:
        return iter([to_rfc3339(start_ms)])
    recurrence = compile_schedule(body["schedule"], start_ms, timezone)
    first_ms = max(start_ms - 1, FIRST_MS - 1)
    return iter([to_rfc3339(at) for at in recurrence.upcoming(first_ms, MOST)])


def _starts(data: bytes) -> Iterator[int]:
    for line in data.splitlines():
        head, _, value = line.partition(b":")
        if head.startswith(b"DTSTART") and value[:8].isdigit() and value[:4] > b"1970":
            try:
                at = datetime.strptime(value[:8].decode(), "%Y%m%d").replace(tzinfo=UTC)
            except ValueError:
                continue
            yield int(at.timestamp()) * 1000


def _table(figures: Mapping[str, Figures]) -> str:
    total = Figures()
    for of in figures.values():
        for each in NUMBERS:
            setattr(total, each, getattr(total, each) + getattr(of, each))
        total.reasons += of.reasons
    rows = [_cells(["package", *NUMBERS.values()]), _cells(["---"] * (len(NUMBERS) + 1))]
    rows += [
        _cells([name, *(getattr(of, each) for each in NUMBERS)])
        for name, of in (*figures.items(), ("all", total))
    ]
    reasons: Counter[str] = Counter()
    for reason, count in total.reasons.items():
        reasons[re.sub(r"'[^']*'", "'…'", re.sub(r"[Ll]ine \d+", "line …", reason))] += count
    rows += ["", _cells(["times", "reason"]), _cells(["---"] * 2)]
    rows += [_cells([count, reason]) for reason, count in reasons.most_common()]
    return "\n".join(rows)


def _cells(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
