"""What a command prints: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


class Shown(Protocol):
    """Something that the service answers; ``raw`` is it as JSON."""

    @property
    def raw(self) -> Mapping[str, Any]:
        """As JSON."""


WIDE = 10_000
"""Columns of what is no terminal: nothing is cut off or broken there."""

NOTHING = "There is nothing to show.\n"

ID_COLUMNS, NARROWEST = 36, 12
"""Columns of an id, and those that any other cell needs to be read."""

Columns = Mapping[str, Callable[[Any], object]]
"""By heading, what a row has there."""

_STYLES = {
    **dict.fromkeys(("active", "completed", "ok"), "green"),
    **dict.fromkeys(("failed", "missed", "degraded", "wrong"), "red"),
    **dict.fromkeys(("retrying", "paused", "dispatched", "look"), "yellow"),
    **dict.fromkeys(("inactive", "cancelled", "skipped"), "dim"),
}


def console() -> Console:
    """The terminal; colour and width are off where there is none, and with NO_COLOR."""
    from rich.console import Console

    is_terminal = sys.stdout.isatty()
    return Console(
        width=None if is_terminal else WIDE, highlight=False, markup=False, soft_wrap=True
    )


def plain(value: object) -> str:
    """Write a value for people. What would steer a terminal is written out, not obeyed."""
    if value is None or value == ():
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        text = value.isoformat(sep=" ", timespec="milliseconds" if value.microsecond else "seconds")
        return text.replace("+00:00", "Z")
    if isinstance(value, Mapping):
        value = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in str(value))


def table(columns: Columns, rows: Iterable[Any]) -> None:
    """Print rows below headings. A narrow terminal gets the cells of a row below each other."""
    from rich.table import Table

    room = console().width - ID_COLUMNS
    if "ID" in columns and room < NARROWEST * (len(columns) - 1):
        _blocks(columns, rows)
        return
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns:
        # Who needs an id copies it, so it stays in one piece.
        made.add_column(heading, overflow="fold", no_wrap=heading == "ID")
    found = False
    for row in rows:
        made.add_row(*(_styled(of(row)) for of in columns.values()))
        found = True
    _print(made) if found else sys.stderr.write(NOTHING)


def _blocks(columns: Columns, rows: Iterable[Any]) -> None:
    found = False
    for row in rows:
        if found:
            say("")
        details({heading: of(row) for heading, of in columns.items()})
        found = True
    if not found:
        sys.stderr.write(NOTHING)


def _print(made: Table) -> None:
    """Print a table without the spaces that would fill its last column."""
    terminal = console()
    with terminal.capture() as printed:
        terminal.print(made)
    sys.stdout.write("\n".join(one.rstrip() for one in printed.get().split("\n")))


def details(pairs: Mapping[str, object]) -> None:
    """Print names and values below each other; those that say nothing are left out."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, show_header=False)
    made.add_column(style="bold")
    made.add_column(overflow="fold")
    for name, value in pairs.items():
        if value not in (None, (), {}, ""):
            made.add_row(name, _styled(value))
    _print(made)


def say(sentence: str) -> None:
    """Print a line for people."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def tell(sentence: str) -> None:
    """Say something to people, on standard error."""
    sys.stderr.write(f"{plain(sentence)}\n")
    sys.stderr.flush()


def _speaks_utf8() -> bool:
    """Whether what reads us can be sent any character; JSON has another way to write them."""
    return (sys.stdout.encoding or "utf-8").lower().replace("-", "") == "utf8"


def as_json(value: object) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=not _speaks_utf8()) + "\n")


def as_json_line(value: object) -> None:
    """Print one JSON document on a line of its own, at once: for what has no end."""
    sys.stdout.write(json.dumps(value, ensure_ascii=not _speaks_utf8()) + "\n")
    sys.stdout.flush()


def as_json_array(models: Iterable[Shown]) -> None:
    """Print a JSON array, an item at a time."""
    before = "["
    for model in models:
        sys.stdout.write(f"{before}\n{json.dumps(model.raw, ensure_ascii=not _speaks_utf8())}")
        before = ","
    sys.stdout.write("[]\n" if before == "[" else "\n]\n")


def show(as_json_too: bool, columns: Columns, models: Iterable[Shown]) -> None:
    """Print a list, as it was asked for."""
    as_json_array(models) if as_json_too else table(columns, models)


def show_one(as_json_too: bool, model: Shown, names: Sequence[str]) -> None:
    """Print one thing: all of it as JSON, or the members of these names for people."""
    if as_json_too:
        as_json(model.raw)
    else:
        details({name: getattr(model, name) for name in names})


def _styled(value: object) -> Any:
    from rich.text import Text

    text = plain(value)
    return Text(text, style=_STYLES.get(text, ""))
