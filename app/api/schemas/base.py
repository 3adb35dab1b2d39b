"""What all schemas share: nothing unknown passes, and a near miss is named."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, pre_load

from app.api.schemas.readers import reader_of

REQUIRED = "is required"
UNKNOWN = "is not known here; check its spelling or leave it out"

ALIKE = 0.65
"""How alike two names are at least, of 1, if one may have been meant by the other."""

_LONGEST = 64
"""No longer name is compared: none is known."""

MAX_NAMED = 20
"""How many unknown members an answer names: a body has room for thousands."""


SOMETIMES_KEY = "x-sometimes"
SOMETIMES = {SOMETIMES_KEY: True}
"""What documents a member of an answer that is not always there."""

NULL_KEY = "x-null"
NULL_TOO = {NULL_KEY: True}
"""What documents a member that may be null in answers, where null in a request clears it."""

NAMED = "x-named"
"""Under this an object within an object says what its own schema is called."""

DURATION = {
    "type": "string",
    "pattern": "^(([0-9]{1,12}(ms|[smhdw]))+|[0-9]{1,9})$",
    "example": "5m",
}
"""What documents a duration."""

RATE = {
    "type": "string",
    "pattern": "^[1-9][0-9]{0,6}/(s|m|h|d|second|minute|hour|day)$",
    "example": "10/s",
}
"""What documents a rate."""

TIME = {"format": "date-time", "example": "2030-01-31T09:00:00Z"}
"""What documents a time in an answer."""


class StrictSchema(Schema):
    """Refuses unknown and read-only members, each by its name."""

    error_messages: dict[str, str] = {"unknown": UNKNOWN}  # noqa: RUF012 - as in the library

    explains: bool = True
    """Whether near misses of unknown members are looked for, which costs more than all else."""

    within: ClassVar[Mapping[str, str]] = {}
    """Names that are known within a member, and that member."""

    class Meta:
        """A member that nobody reads is a mistake that nobody sees."""

        unknown = RAISE

    @classmethod
    def read(cls, given: Mapping[str, Any], *, explains: bool = True) -> Any:
        """Return what a request says; raises ``ValidationError``."""
        return reader_of(cls, given, explains=explains).load(given)

    def handle_error(self, error: ValidationError, data: Any, *, many: bool, **kwargs: Any) -> None:
        """Say of unknown members what they are, or what they were probably meant to be."""
        del data, many, kwargs
        if not isinstance(error.messages, dict):
            return
        known = [field.data_key or name for name, field in self.load_fields.items()]
        unknown = [name for name, messages in error.messages.items() if messages == [UNKNOWN]]
        for name in unknown[MAX_NAMED:]:
            del error.messages[name]
        for name in unknown[:MAX_NAMED]:
            if name in self.dump_fields:
                error.messages[name] = ["is read-only; leave it out"]
            elif name in self.within:
                error.messages[name] = [f"is not known here; it belongs in {self.within[name]}"]
            elif self.explains and (near := _near(str(name), tuple(known))):
                error.messages[name] = [f"is not known here; did you mean {near}?"]


@lru_cache(maxsize=1_024)
def _near(name: str, known: tuple[str, ...]) -> str | None:
    """The known name that one may have been meant to be: who sends many makes the same mistakes."""
    return next(iter(difflib.get_close_matches(name[:_LONGEST], known, n=1, cutoff=ALIKE)), None)


def required(*names: str) -> ValidationError:
    """Return the error that says of each of these members that it is required."""
    return ValidationError({name: [REQUIRED] for name in names})


class EditableSchema(StrictSchema):
    """Does not look at read-only members: what was read can be edited and sent back whole."""

    @pre_load
    def _without_read_only(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        read_only = self.dump_fields.keys() - self.load_fields.keys()
        return {name: value for name, value in data.items() if name not in read_only}


def check_order(data: Mapping[str, Any], first: str = "from", last: str = "to") -> None:
    """Refuse a range that ends before it begins; either end may be left out."""
    begins, ends = data.get(f"{first}_ms"), data.get(f"{last}_ms")
    if begins is not None and ends is not None and begins > ends:
        raise ValidationError(f"must not be before {first}", last)
