"""Fields of an event: what a delivery is sent with, when it is given up, and where it waits."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import ValidationError

from app.api.http import json_body
from app.api.schemas.base import DURATION
from app.api.schemas.fields import Object, Read, Text, judged
from app.domain.durations import parse_duration_ms
from app.domain.expectation import parse_expect
from app.domain.flow import parse_flow
from app.domain.headers import MAX_HEADERS, MAX_VALUE, parse_headers
from app.domain.own_key import PATTERN, check_key
from app.domain.recurrence import read_policy
from app.domain.retry_form import parse_retry
from app.domain.signing import signing_key

METADATA_BYTES = 65_536
TIMEOUT_MS = (100, 300_000)
ACK_TIMEOUT_MS = (1_000, 7 * 86_400_000)


class Timeout(Text):
    """How long one attempt may take; kept as written."""

    kind = {**DURATION, "example": "10s"}  # noqa: RUF012
    limits: ClassVar[tuple[int, int]] = TIMEOUT_MS
    words: ClassVar[str] = "from 100ms to 5m"

    def read(self, value: Any) -> Any:
        """Return the duration as text."""
        text = super().read(value)
        low, high = self.limits
        if not low <= judged(lambda: parse_duration_ms(text)) <= high:
            raise ValidationError(f"must be a duration {self.words}")
        return text


class AckTimeout(Timeout):
    """How long a receiver may take to acknowledge; kept as written."""

    kind = {**DURATION, "example": "1h"}  # noqa: RUF012
    limits = ACK_TIMEOUT_MS
    words = "from 1s to 7d"


class Secret(Text):
    """A signing secret that a key can be made of."""

    def read(self, value: Any) -> Any:
        """Return the secret as it is."""
        secret = super().read(value)
        judged(lambda: signing_key(secret))
        return secret


class Headers(Read):
    """Headers of deliveries; their values are secrets."""

    kind = {  # noqa: RUF012
        "type": "object",
        "maxProperties": MAX_HEADERS,
        "additionalProperties": {"type": "string", "maxLength": MAX_VALUE},
        "example": {"Authorization": "Bearer 1234"},
    }

    def read(self, value: Any) -> Any:
        """Return a tuple of names and values."""
        return judged(lambda: parse_headers(value), "headers")


class Names(Read):
    """Names of calendars, each once."""

    kind = {  # noqa: RUF012
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": 64},
        "maxItems": 10,
        "description": "Names of calendars on whose days nothing happens.",
        "example": ["office"],
    }

    def read(self, value: Any) -> Any:
        """Return a list of names."""
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValidationError("must be a list of names")
        if len(value) > 10 or any(not 1 <= len(one) <= 64 for one in value):
            raise ValidationError("must be at most 10 names of 1 to 64 characters")
        if not all(one.isprintable() for one in value):
            raise ValidationError("must hold names without control characters")
        return list(dict.fromkeys(value))


class OwnKey(Text):
    """The key that a user gives an event."""

    kind = {"type": "string", "pattern": PATTERN, "example": "invoice-17"}  # noqa: RUF012

    def read(self, value: Any) -> Any:
        """Return the key."""
        judged(lambda: check_key(value), "key")
        return value


class Retry(Object):
    """A retry policy; checked whole, kept as written."""

    def read(self, value: Any) -> Any:
        """Return the policy as given."""
        policy = super().read(value)
        judged(lambda: parse_retry(policy), "retry")
        return policy


class Flow(Object):
    """The flow of an event; checked whole, kept as written."""

    def read(self, value: Any) -> Any:
        """Return the flow as given."""
        flow = super().read(value)
        judged(lambda: parse_flow(flow), "flow")
        return flow


class Expect(Object):
    """Which answers are successes; checked whole, kept as written."""

    def read(self, value: Any) -> Any:
        """Return the object as given."""
        expected = super().read(value)
        judged(lambda: parse_expect(expected), "expect")
        return expected


class Dst(Object):
    """What becomes of wall times that the clock skips or repeats; kept as written."""

    def read(self, value: Any) -> Any:
        """Return the choices as given."""
        choices = super().read(value)
        judged(lambda: read_policy(choices), "dst")
        return choices


class Metadata(Object):
    """A JSON object that is kept as JSON text, every number as it was written."""

    def read(self, value: Any) -> Any:
        """Return compact JSON."""
        if not isinstance(value, dict):
            raise ValidationError('must be an object, as in {"key": "value"}')
        text = json_body.write(value)
        if len(text.encode()) > METADATA_BYTES:
            raise ValidationError(f"must be at most {METADATA_BYTES} bytes of JSON")
        return text
