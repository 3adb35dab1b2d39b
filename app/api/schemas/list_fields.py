"""Kinds of query parameters that only lists have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from marshmallow import Schema, ValidationError

from app.api.schemas.fields import Read, Text
from app.domain.ids import is_written_right

_HOST = re.compile(r"[^\s/?#@\\]+")

MAX_MEMBERS = 10
"""How many members of the metadata a filter names."""


class HostName(Text):
    """The host of a URL, with a port or without, or what names a client in its place."""

    def read(self, value: Any) -> Any:
        """Return the text as it is, but an IPv6 address without its brackets."""
        host = super().read(value)
        if not _HOST.fullmatch(host):
            raise ValidationError("must be the host alone, as in example.com or example.com:8443")
        return without_brackets(host)


def without_brackets(host: str) -> str:
    """An IPv6 address, as events are listed by it; any other host, also with a port, as it is.

    In a URL it stands in brackets (RFC 3986, section 3.2.2), so people write it like that.
    """
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


class Words(Read):
    """Some of a few words, between commas."""

    def __init__(self, words: Iterable[str], **options: Any) -> None:
        super().__init__(**options)
        self.words = list(words)
        told = f"One of {', '.join(self.words)}, or several between commas."
        self.metadata = {"description": told, **self.metadata}

    def read(self, value: Any) -> Any:
        """Return the words between commas, each once."""
        given = list(dict.fromkeys(word.strip() for word in str(value).split(",")))
        if wrong := [word for word in given if word not in self.words]:
            raise ValidationError(
                f"must be one of {', '.join(self.words)}, or several between commas "
                f"({wrong[0][:50]!r} is none)"
            )
        return ",".join(given)


class MetadataMembers(Read):
    """Names and values of members of the metadata, each as ``name:value``."""

    kind = {"type": "string", "example": "customer:7"}  # noqa: RUF012

    def read(self, value: Any) -> Any:
        """Return pairs of name and value."""
        given, single = value if isinstance(value, _Members) else _Members(value)
        if given is not None and not isinstance(given, str):
            raise ValidationError("must be text, as in customer:7")
        pairs = [one.partition(":") for one in given.split(",")] if given is not None else []
        if not all(name and colon for name, colon, _ in pairs):
            raise ValidationError("must be a name, a colon and a value, as in customer:7")
        members = [*((name, text) for name, _, text in pairs), *single]
        if len(members) > MAX_MEMBERS:
            raise ValidationError(f"must be at most {MAX_MEMBERS} members")
        names = [name for name, _ in members]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValidationError(f"must name a member once ({twice[:50]!r} stands there twice)")
        return tuple(members)


class _Members(NamedTuple):
    """Members of the metadata as they were given: in one parameter, and in one for each."""

    given: Any
    single: tuple[tuple[str, str], ...] = ()


_MEMBER = "metadata."


def with_members(query: dict[str, Any]) -> dict[str, Any]:
    """A query with its parameters as ``metadata.customer`` put into ``metadata``."""
    single = {
        name: value
        for name, value in query.items()
        if name[len(_MEMBER) :] and name.startswith(_MEMBER)
    }
    if not single:
        return query
    rest = {name: value for name, value in query.items() if name not in single}
    pairs = tuple((name.removeprefix(_MEMBER), str(value)) for name, value in single.items())
    return {**rest, "metadata": _Members(rest.get("metadata"), pairs)}


class Identifier(Read):
    """An id as answers have it; one that names nothing is no mistake."""

    kind = {"type": "string", "format": "uuid"}  # noqa: RUF012

    def read(self, value: Any) -> Any:
        """Return the id as it is."""
        if not isinstance(value, str) or not is_written_right(value):
            raise ValidationError("must be an id: a UUID in lower case")
        return value


class ChosenMembers(Read):
    """Names of the members to answer, of those that a schema has."""

    def __init__(self, of: type[Schema]) -> None:
        super().__init__(
            data_key="fields",
            metadata={
                "description": "Members to answer, between commas; all if it is left out.",
                "example": "id,status",
            },
        )
        self._of = of

    def read(self, value: Any) -> Any:
        """Return the names, each once."""
        names = tuple(dict.fromkeys(name.strip() for name in str(value).split(",")))
        known = self._of().dump_fields
        if wrong := [name for name in names if name not in known]:
            raise ValidationError(
                "must be names of members between commas, as in id,status "
                f"({wrong[0][:50]!r} is none)"
            )
        return names


def check_sort(query: dict[str, Any]) -> None:
    """Raise ``ValidationError`` for a list by name that has filters which no index has so."""
    filters = query.keys() - {"name_prefix", "sort", "members", "limit", "cursor"}
    if query["sort"] in ("name", "-name") and filters:
        raise ValidationError(
            "must be created_at or -created_at beside any filter but name_prefix: the index of "
            "names alone has the order of names",
            "sort",
        )
