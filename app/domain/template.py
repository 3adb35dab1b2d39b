"""Texts with placeholders: the variables of Mustache, and nothing else of it.

``{{name}}`` stands for a value as text, escaped for where it stands, and ``{{{name}}}`` or
``{{&name}}`` for the same value as JSON. There are no sections, partials, lambdas or other
delimiters: a template is read once from its beginning to its end, and a value is never read as one.

No library is used. The two of Python have what is left out here, without bounds; chevron has had no
release since 2021. Neither tells unknown names before a value is there, or escapes by the place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from app.errors import InvalidInput

OPEN = "{{"
MAX_TAGS = 100
"""Placeholders in one text."""

_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "event": ("id", "name", "description", "tags"),
    "occurrence": ("id", "scheduled_at"),
}
_SECRET = re.compile(r"secret|token|password|authorization|headers|signature", re.IGNORECASE)
_METADATA = re.compile(r"metadata(\.[^\s.{}\"\\\x00-\x1f\x7f]{1,128}){0,16}")
_KNOWN = "event.id, .name, .description, .tags, occurrence.id, .scheduled_at and metadata.…"


class Tag(NamedTuple):
    """A placeholder: the path of its value, and whether that is written as JSON."""

    path: tuple[str, ...]
    is_json: bool

    @property
    def name(self) -> str:
        """Its path as users write it."""
        return ".".join(self.path)


class Template(NamedTuple):
    """What stands between the placeholders, before the first and behind the last; and these."""

    texts: tuple[str, ...]
    tags: tuple[Tag, ...]


class Literal(str):
    """A number, as it was written."""

    __slots__ = ()


class Facts(NamedTuple):
    """What the placeholders of an event's templates stand for: the same at every attempt."""

    event_id: str
    name: str
    description: str
    tags: tuple[str, ...]
    metadata_json: str
    occurrence_id: str
    scheduled_at: str

    def value(self, tag: Tag) -> Any:
        """The value of a placeholder; raises ``KeyError`` for what the metadata lacks."""
        root, *path = tag.path
        if root == "metadata":
            return _inside(_members(self.metadata_json), path)
        return getattr(self, _FACTS[tag.path])


IN_FACTS = frozenset({"name", "description", "tags", "metadata"})
"""The fields of an event that templates depend on."""

_FACTS: Mapping[tuple[str, ...], str] = {
    ("event", "id"): "event_id",
    ("event", "name"): "name",
    ("event", "description"): "description",
    ("event", "tags"): "tags",
    ("occurrence", "id"): "occurrence_id",
    ("occurrence", "scheduled_at"): "scheduled_at",
}


def parse(text: str) -> Template:
    """Read a text; raises ``InvalidInput`` that says what is wrong, and where in the text."""
    texts: list[str] = []
    tags: list[Tag] = []
    at = 0
    while (start := text.find(OPEN, at)) >= 0:
        if len(tags) == MAX_TAGS:
            raise _wrong(text, start, f"is one placeholder too many; use at most {MAX_TAGS}")
        mark = "}}}" if text.startswith("{{{", start) else "}}"
        end = text.find(mark, start)
        if end < 0:
            raise _wrong(text, start, f"is not closed by {mark}")
        texts.append(text[at:start])
        tags.append(_tag(text, start, end, is_json=len(mark) == 3))
        at = end + len(mark)
    return Template((*texts, text[at:]), tuple(tags))


def parse_line(text: str) -> Template:
    """Read what goes into a URL or a header, where no JSON can stand; raises as ``parse``."""
    template = parse(text)
    if any(tag.is_json for tag in template.tags):
        raise InvalidInput("must have {{…}} and no {{{…}}}")
    return template


def compiled(text: str) -> Template:
    """The same as ``parse``, kept: it is asked for at every attempt."""
    return _short(text) if len(text) <= 2_048 else _long(text)


_short = lru_cache(maxsize=1024)(parse)
_long = lru_cache(maxsize=32)(parse)


def render(template: Template, facts: Facts, write: Callable[[Any, Tag], str], limit: int) -> str:
    """Put the values in place of the placeholders.

    ``write`` writes a value for its placeholder. What the metadata lacks is empty, or null.
    Raises ``InvalidInput`` for what would be longer than ``limit`` characters.
    """
    parts = [template.texts[0]]
    size = len(parts[0])
    for tag, text in zip(template.tags, template.texts[1:], strict=True):
        try:
            value = facts.value(tag)
        except KeyError:
            value = None
        said = write(value, tag)
        parts += (said, text)
        size += len(said) + len(text)
        if size > limit:
            raise InvalidInput(f"comes to more than {limit} characters with its values put in")
    return "".join(parts)


def check_names(template: Template, facts: Facts) -> None:
    """Raise ``InvalidInput`` for a name that the metadata lacks."""
    for tag in template.tags:
        try:
            facts.value(tag)
        except KeyError:
            raise InvalidInput(
                f"names {tag.name}, and the event's metadata has no such member"
            ) from None


def as_text(value: Any) -> str:
    """A value as text: a text as it is, null as nothing, the rest as JSON."""
    if isinstance(value, str):
        return str(value)  # of a number, too
    return "" if value is None else as_json(value)


def as_json(value: Any) -> str:
    """A value as compact JSON, every number as it was written."""
    if isinstance(value, Literal):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_quote(key)}:{as_json(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(as_json, value)) + "]"
    return _quote(value)


_quote = json.JSONEncoder(ensure_ascii=False).encode


@lru_cache(maxsize=32)
def _members(metadata_json: str) -> Any:
    return json.loads(metadata_json, parse_int=Literal, parse_float=Literal)


def _inside(value: Any, path: list[str]) -> Any:
    for name in path:
        if isinstance(value, Mapping):
            value = value[name]
        elif isinstance(value, list) and name.isascii() and name.isdecimal() and len(name) < 6:
            if int(name) >= len(value):
                raise KeyError(name)
            value = value[int(name)]
        else:
            raise KeyError(name)
    return value


def _tag(text: str, start: int, end: int, *, is_json: bool) -> Tag:
    name = text[start + (3 if is_json else 2) : end]
    if name.startswith("&") and not is_json:
        name, is_json = name[1:], True
    name = name.strip(" ")
    if name[:1] in ("#", "^", "/", ">", "=", "!", "<", "$"):
        raise _wrong(text, start, "is no name; sections, partials and the like are not known here")
    path = tuple(name.split("."))
    if path in _FACTS or _METADATA.fullmatch(name):
        return Tag(path, is_json)
    if path[0] in _MEMBERS and _SECRET.search(name):
        raise _wrong(text, start, "names a secret, which is never put into a text")
    raise _wrong(text, start, f"names {name[:64]!r}, which is not known; there are {_KNOWN}")


def _wrong(text: str, start: int, what: str) -> InvalidInput:
    line = text.count("\n", 0, start) + 1
    column = start - text.rfind("\n", 0, start)
    return InvalidInput(f"the placeholder at line {line}, column {column} {what}")
