"""``archive query``, ``archive restore`` and ``archive verify``: for who runs the server."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NoReturn

from app.archive.archive import Archive, Selected, Unread
from app.archive.names import EVENTS, OCCURRENCES
from app.archive.place import ArchiveFailed
from app.archive.records import occurrence_of
from app.domain import ids
from app.domain.occurrence import ENDED
from app.domain.past import Past
from app.domain.times import parse_rfc3339
from app.errors import ConfigError, ExitStatus, InvalidInput, StoreUnavailable

AT_ONCE = 256
"""Occurrences that are brought back together."""

NO_ARCHIVE = "There is no archive: set QHRONOS_ARCHIVE_URL to where it is."


@dataclass(frozen=True, slots=True)
class ArchiveStore:
    """The store that occurrences are brought back into."""

    partitions: int
    bring_back: Callable[[Sequence[Past]], int]
    """Adds those that are not there; returns how many these were."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{self.prog}: {message}.")


def run(
    arguments: Sequence[str], archive: Archive | None, store: Callable[[], ArchiveStore]
) -> int:
    """Run one command; returns the exit status: 1 if a file can't be read.

    Raises ``ConfigError`` for a command that is used wrongly, and if there is no archive.
    """
    options = _parser().parse_args(arguments)
    if archive is None:
        raise ConfigError(NO_ARCHIVE)
    try:
        if options.command == "verify":
            return _verify(archive)
        selected = _selected(options)
        if options.command == "query":
            return _query(archive, selected, options.limit, as_json=options.json)
        return _restore(archive, selected, options, store())
    except BrokenPipeError:  # whoever reads has seen enough, as 'head' does
        sys.stdout = None
        return ExitStatus.OK
    except StoreUnavailable as error:
        sys.stderr.write(f"{error.message}\n")
        return ExitStatus.FAILED
    except ArchiveFailed as error:
        raise ConfigError(f"The archive can't be read: {error.reason}.") from None


def _parser() -> argparse.ArgumentParser:
    filters = _Parser(add_help=False)
    filters.add_argument("--id", action="append", default=[], help="one of these ids")
    filters.add_argument("--event", help="the id of an event")
    filters.add_argument("--status", help="as in failed; several between commas")
    filters.add_argument("--tag", action="append", default=[], help="any of these tags is enough")
    filters.add_argument("--from", dest="from_", help="scheduled at this time or later")
    filters.add_argument("--to", help="scheduled at this time or earlier")
    parser = _Parser(prog="archive", description="Read what retention has deleted.")
    commands = parser.add_subparsers(dest="command", required=True)
    query = commands.add_parser("query", parents=[filters], help="print records, oldest hour first")
    query.add_argument("--events", action="store_true", help="events, not occurrences")
    query.add_argument("--limit", type=_count, help="print at most so many")
    query.add_argument("--json", action="store_true", help="one JSON object a line")
    restore = commands.add_parser(
        "restore", parents=[filters], help="bring occurrences back into the store"
    )
    restore.add_argument("--limit", type=_count, default=10_000, help="at most so many (10000)")
    restore.add_argument("--all", action="store_true", help="without a filter")
    commands.add_parser("verify", help="read every file, and say which are damaged")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 1 << 62:
        raise argparse.ArgumentTypeError("must be a whole number from 1 on")
    return int(text)


def _selected(options: argparse.Namespace) -> Selected:
    holds = EVENTS if getattr(options, "events", False) else OCCURRENCES
    statuses = frozenset(filter(None, (options.status or "").split(",")))
    if holds == OCCURRENCES and (wrong := statuses - {one.value for one in ENDED}):
        raise ConfigError(
            f"--status: {min(wrong)!r} is none of {', '.join(sorted(one.value for one in ENDED))}."
        )
    named, events = options.id, [options.event] if options.event else []
    for text in (*named, *events):
        if not ids.is_written_right(text):
            raise ConfigError(f"{text!r} is no id: it has 36 characters, letters in lower case.")
    partition = None
    if events:
        partition = ids.named_in_event(bytes.fromhex(events[0].replace("-", "")))
    return Selected(
        holds,
        partition,
        frozenset(named),
        frozenset(events),
        statuses,
        frozenset(options.tag),
        _moment("--from", options.from_),
        _moment("--to", options.to),
    )


def _moment(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        found = parse_rfc3339(text)
    except InvalidInput as error:
        raise ConfigError(f"{option}: {text!r} {error.message}.") from None
    if not isinstance(found, int):
        raise ConfigError(f"{option}: {text!r} must say its offset, as in {text}Z.")
    return found


def _query(archive: Archive, selected: Selected, limit: int | None, *, as_json: bool) -> int:
    unread = Unread()
    for record in islice(archive.records(selected, unread), limit):
        sys.stdout.write((_json(record) if as_json else _line(record)) + "\n")
    sys.stdout.flush()
    return _told(unread)


def _json(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _line(record: dict[str, Any]) -> str:
    names: tuple[str, ...] = ("id", "updated_at", "status", "name")
    if "event_id" in record:
        names = ("id", "scheduled_at", "status", "attempt_count", "status_code", "error_message")
    words = [str(record.get(name, "-")) for name in names]
    # (What a receiver answered must not steer anybody's terminal.)
    return "  ".join(
        "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in word)
        for word in words
    )


def _restore(
    archive: Archive, selected: Selected, options: argparse.Namespace, store: ArchiveStore
) -> int:
    if selected.is_all and not options.all:
        raise ConfigError("archive restore: say which, as in --event or --from, or --all.")
    unread = Unread()
    found = archive.records(selected, unread, of_whole_files=True)
    read = added = refused = 0
    for some in _batches(islice(found, options.limit), unread):
        here = [p for p in some if ids.partition_of_occurrence(p.occurrence.id) < store.partitions]
        read += len(some)
        refused += len(some) - len(here)
        added += store.bring_back(here)
    sys.stdout.write(
        f"{added} occurrences are back in the store; {read - added - refused} were there.\n"
    )
    if read == options.limit and next(found, None) is not None:
        sys.stdout.write("There are more: say --limit, or what is wanted more exactly.\n")
    if refused:
        sys.stderr.write(
            f"{refused} belong to partitions that this store does not have: they are left out.\n"
        )
    return max(_told(unread), ExitStatus.FAILED if refused else ExitStatus.OK)


def _batches(records: Iterator[dict[str, Any]], unread: Unread) -> Iterator[list[Past]]:
    some: list[Past] = []
    for record in records:
        try:
            some.append(occurrence_of(record))
        except ValueError as error:
            unread.files.append((str(record.get("id")), str(error)))
        if len(some) == AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _told(unread: Unread) -> int:
    for path, reason in unread.files:
        sys.stderr.write(f"{path} can't be read: {reason}.\n")
    return ExitStatus.FAILED if unread.files else ExitStatus.OK


def _verify(archive: Archive) -> int:
    def tell(path: str, reason: str) -> None:
        sys.stderr.write(f"{path} can't be read: {reason}.\n")

    files, records, wrong = archive.verify(tell)
    sys.stdout.write(f"{files} files with {records} records are whole; {wrong} are damaged.\n")
    return ExitStatus.FAILED if wrong else ExitStatus.OK
