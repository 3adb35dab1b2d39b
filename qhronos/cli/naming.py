"""Errors in the words of whoever typed a command: an option where the service names its field."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from qhronos.errors import ApiError, QhronosError

ALIASES = {
    **dict.fromkeys(("action.params.url", "action"), "webhook"),
    **dict.fromkeys(("text", "schedule", "schedule.cron", "schedule.rrule"), "words"),
    "event_id": "event",
    "expires_at": "expires",
    "scope": "tags",
    "start_time": "start",
    "tag": "tags",
    "target_host": "host",
}
"""Parameters of commands by fields of the API, where both have names of their own."""

HEADS = ("filter.", "schedule.", "holidays.")
"""What stands before a field whose option has its last part as its name."""


def reasons(error: QhronosError) -> str:
    """All that is wrong, in one line: the sentence, then what it does not say of other fields."""
    return " ".join(sentences(error))


def sentences(error: QhronosError) -> list[str]:
    """The sentence of an error, then what is wrong with each field that it does not name."""
    fields = error.fields if isinstance(error, ApiError) else {}
    found = [f"{name}: {' '.join(map(str, wrong))}" for name, wrong in fields.items()]
    return [str(error), *(one for one in found if one not in str(error))]


def as_typed(error: ApiError, ctx: click.Context) -> ApiError:
    """The same error, which names the options and arguments of a command.

    A field that has none, or was given by ``--file``, keeps its name.
    """
    if not error.fields:
        return error
    sentence = str(error)
    fields = {}
    for field, wrong in error.fields.items():
        typed = _typed(field, ctx)
        fields[typed or field] = [_in_options(str(one), ctx) for one in wrong]
        if typed is not None and sentence.startswith(f"{field}: "):
            sentence = f"{typed}: {_in_options(sentence.removeprefix(f'{field}: '), ctx)}"
    return type(error)(
        sentence,
        status=error.status,
        document={**error.document, "fields": fields},
        retry_after_s=error.retry_after_s,
    )


def _typed(field: str, ctx: click.Context) -> str | None:
    """The option or argument that a field is from; ``None`` if it is from none."""
    if field.partition(".")[0] in _by_set(ctx):
        return f"--set {field}"
    by_name = {(one.name or "").rstrip("_"): one for one in ctx.command.params}
    found = [by_name[name] for name in _names(field) if name in by_name]
    given = [one for one in found if ctx.params.get(one.name or "") not in (None, (), False)]
    chosen = next(iter([*given, *found]), None)
    if chosen is None or (not given and ctx.params.get("file") is not None):
        return None
    return chosen.opts[-1] if isinstance(chosen, click.Option) else chosen.human_readable_name


def _names(field: str) -> Iterator[str]:
    """What a parameter for a field may be called, the likeliest first."""
    field = re.sub(r"(\.\d+)+$", "", field)
    for head in ("", *HEADS):
        if field.startswith(head):
            name = field.removeprefix(head)
            yield name
            if name in ALIASES:
                yield ALIASES[name]
            if head or field in ("schedule", "text"):
                yield "schedule"
    yield from (head.rstrip(".") for head in HEADS if field.startswith(head))


def _by_set(ctx: click.Context) -> set[str]:
    return {str(one).partition("=")[0] for one in ctx.params.get("others") or ()}


def _in_options(sentence: str, ctx: click.Context) -> str:
    """Name the option, too, where another field is named that is called otherwise here."""
    for one in ctx.command.params:
        name, typed = one.name or "", one.opts[-1]
        if isinstance(one, click.Option) and "_" in name and typed != f"--{name}":
            sentence = re.sub(rf"\b{name}\b", typed, sentence)
    return sentence
