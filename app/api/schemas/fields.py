"""Kinds of fields: how text and JSON of a request become values, and what to say if they don't.

Messages follow the name of their field ("name: must be text"), so they begin with a verb.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from marshmallow import ValidationError, fields
from marshmallow.types import ErrorMessages

from app.api.http import json_body
from app.api.http.context import services
from app.api.schemas.base import REQUIRED
from app.api.schemas.tags import MAX_LENGTH, read_tag, read_tags
from app.domain.event import MAX_TAGS
from app.domain.lines import check_name
from app.domain.recurrence import validate_timezone
from app.domain.targets import check_target
from app.domain.times import parse_rfc3339
from app.errors import InvalidInput

Value = TypeVar("Value")


def judged(read: Callable[[], Value], field: str = "") -> Value:
    """Return what a rule of the domain reads; its ``InvalidInput`` becomes a field's error.

    ``field`` is the path that the rule puts before those that it names.
    """
    try:
        return read()
    except InvalidInput as error:
        paths = {path.removeprefix(field).lstrip("."): said for path, said in error.fields.items()}
        if "" in paths or not paths:
            raise ValidationError(paths.get("") or error.message) from None
        raise ValidationError(dict(paths)) from None


class Read(fields.Field[Any]):
    """A field that is only read: ``read`` makes its value, ``kind`` documents it."""

    default_error_messages: ErrorMessages = {  # noqa: RUF012 - as in the library
        "required": REQUIRED,
        "null": "must not be null",
    }
    kind: ClassVar[dict[str, Any]] = {"type": "string"}

    def __init__(self, *, metadata: dict[str, Any] | None = None, **options: Any) -> None:
        super().__init__(metadata={**self.kind, **(metadata or {})}, **options)

    def read(self, value: Any) -> Any:
        """Return the value; raises ``ValidationError``."""
        raise NotImplementedError

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        del attr, data, kwargs
        return self.read(value)


class Text(Read):
    """A text of limited length, in characters, without NUL."""

    def __init__(self, low: int, high: int, **options: Any) -> None:
        super().__init__(**options)
        self.low, self.high = low, high
        self.metadata = {"minLength": low, "maxLength": high, **self.metadata}

    def read(self, value: Any) -> Any:
        """Return the text as it is."""
        if not isinstance(value, str):
            raise ValidationError("must be text")
        if not self.low <= len(value) <= self.high:
            raise ValidationError(f"must be {self.low} to {self.high} characters long")
        if "\x00" in value:
            raise ValidationError("must not contain the character NUL")
        return value


class Name(Text):
    """A text of one line that is what it looks like."""

    def read(self, value: Any) -> Any:
        """Return the text as it is."""
        name = super().read(value)
        judged(lambda: check_name(name))
        return name


class Choice(Read):
    """One of a few words."""

    def __init__(self, words: Iterable[str], **options: Any) -> None:
        super().__init__(**options)
        self.words = list(words)
        self.metadata = {**self.metadata, "enum": self.words}

    def read(self, value: Any) -> Any:
        """Return the word."""
        if value not in self.words:
            raise ValidationError(f"must be one of {', '.join(self.words)}")
        return value


class Moment(Text):
    """A time: ms UTC, or a naive datetime if it was written without an offset."""

    kind = {"type": "string", "format": "date-time", "example": "2030-01-31T09:00:00Z"}  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        super().__init__(1, 64, **options)

    def read(self, value: Any) -> Any:
        """Return the moment."""
        text = super().read(value)
        return judged(lambda: parse_rfc3339(text))


class Instant(Moment):
    """A time with an offset, ms UTC."""

    def read(self, value: Any) -> Any:
        """Return the moment."""
        # In a query, an offset's "+" that was not encoded arrives as a space.
        if isinstance(value, str):
            value = re.sub(r" (\d\d:\d\d)$", r"+\1", value)
        moment = super().read(value)
        if isinstance(moment, datetime):
            raise ValidationError("must end in Z or in an offset such as +02:00")
        return moment


class Timezone(Text):
    """The IANA name of a time zone."""

    def read(self, value: Any) -> Any:
        """Return the name."""
        name = super().read(value)
        judged(lambda: validate_timezone(name), "timezone")
        return name


class Url(Text):
    """A target that may be reached, as far as its text tells."""

    kind = {"type": "string", "format": "uri", "example": "https://example.com/hook"}  # noqa: RUF012

    def read(self, value: Any) -> Any:
        """Return the URL."""
        url = super().read(value)
        if url.startswith("q:"):
            raise ValidationError("must be a URL, https://…: only an event's webhook may be 'q:…'")
        settings = services().settings
        judged(lambda: check_target(url, settings.allow_private_targets, settings.port))
        return url


class Flag(Read):
    """True or false, and nothing that is read as one of them."""

    kind = {"type": "boolean"}  # noqa: RUF012

    def read(self, value: Any) -> Any:
        """Return the truth value."""
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


class TagName(Read):
    """A tag."""

    def read(self, value: Any) -> Any:
        """Return the tag in the spelling that is stored."""
        return judged(lambda: read_tag(value))


class TagList(Read):
    """Tags in order, each once."""

    kind = {  # noqa: RUF012
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH},
        "maxItems": MAX_TAGS,
        "example": ["billing", "eu"],
    }

    def read(self, value: Any) -> Any:
        """Return a tuple of tags."""
        if not isinstance(value, list):
            raise ValidationError('must be a list of tags, as in ["billing", "eu"]')
        return judged(lambda: read_tags(value))


class JsonValue(Read):
    """JSON that the domain checks."""

    def read(self, value: Any) -> Any:
        """Return the value, with ordinary numbers in it."""
        return json_body.plain(value)


class Object(JsonValue):
    """A JSON object."""

    kind = {"type": "object"}  # noqa: RUF012

    def read(self, value: Any) -> Any:
        """Return a dict with ordinary numbers in it."""
        if not isinstance(value, dict):
            raise ValidationError('must be an object, as in {"key": "value"}')
        return super().read(value)
