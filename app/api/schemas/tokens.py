"""Tokens in requests and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from app.api.http.answers import json_text
from app.api.http.context import services
from app.api.http.credentials import BADGE, FEED, LONGEST_MS, METRICS, Grant, Minted
from app.api.schemas.base import StrictSchema, required
from app.api.schemas.fields import Choice, Instant, Name, TagList, Text
from app.api.schemas.queries import cursor_field, limit_field
from app.domain.access import LEVELS
from app.domain.times import to_rfc3339


class TokenSchema(StrictSchema):
    """A token: who may do what to which tags, and until when."""

    token = fields.String(dump_only=True)
    type = Choice(
        ["jwt", FEED, BADGE, METRICS],
        required=True,
        metadata={
            "description": "feed: for /calendar.ics alone; badge: for /badge alone; metrics: for "
            "/metrics alone, without tags. The access of these is read."
        },
    )
    sub = Name(
        1, 255, required=True, metadata={"description": "Whom the token is for, in one line."}
    )
    access = Choice(LEVELS, metadata={"description": "Needed if type is jwt."})
    scope = TagList(
        required=True,
        metadata={"description": "Tags that it may touch; empty for metrics, may be so for admin."},
    )
    expires_at = Instant(
        required=True,
        metadata={
            "description": "In the future, at most ten years ahead; cut to whole seconds.",
        },
    )

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _check_what_is_needed(self, _data: Any, given: Mapping[str, Any], **_kwargs: Any) -> None:
        if "access" not in given and given.get("type") == "jwt":
            raise required("access")

    @post_load
    def _as_grant(self, data: dict[str, Any], **_kwargs: Any) -> Grant:
        now = services().clock.now_ms()
        expires_ms = data["expires_at"] // 1000 * 1000
        if expires_ms <= now:
            raise ValidationError("must be in the future", "expires_at")
        if expires_ms > now + LONGEST_MS:
            raise ValidationError("must be at most ten years ahead", "expires_at")
        purpose = None if data["type"] == "jwt" else data["type"]
        level = data.get("access", "read")
        if purpose is not None and level != "read":
            raise ValidationError(f"must be read, or be left out, if type is {purpose}", "access")
        _check_scope(data["scope"], level, purpose)
        return Grant(data["sub"], level, data["scope"], expires_ms, purpose)


def _check_scope(scope: tuple[str, ...], level: str, purpose: str | None) -> None:
    if purpose == METRICS:
        if scope:
            raise ValidationError("must be empty if type is metrics: they have no tags", "scope")
    elif not scope and level != "admin":
        raise ValidationError("must name at least one tag, unless access is admin", "scope")


class TokenRecordSchema(Schema):
    """A token as it is listed: the token itself is not known."""

    jti = fields.UUID(metadata={"description": "By which it is revoked."})
    type = fields.String()
    sub = fields.String()
    access = fields.String()
    scope = fields.List(fields.String())
    created_at = fields.String(metadata={"format": "date-time"})
    last_used_at = fields.String(
        allow_none=True, metadata={"format": "date-time", "description": "To the minute."}
    )
    expires_at = fields.String(metadata={"format": "date-time"})


@dataclass(frozen=True, slots=True)
class TokenQuery:
    """Whose tokens to list (``None``: everybody's), how many, from where."""

    limit: int
    sub: str | None = None
    cursor: str | None = None


class TokenQuerySchema(StrictSchema):
    """Which tokens to list."""

    sub = Text(1, 255)
    limit = limit_field()
    cursor = cursor_field()

    @post_load
    def _as_query(self, data: dict[str, Any], **_kwargs: Any) -> TokenQuery:
        return TokenQuery(**data)


class SubjectSchema(StrictSchema):
    """Whose tokens to revoke."""

    sub = Text(1, 255, required=True)

    @post_load
    def _as_subject(self, data: dict[str, Any], **_kwargs: Any) -> str:
        return str(data["sub"])


class RevokedSchema(Schema):
    """How many tokens were revoked."""

    revoked = fields.Integer()


def minted_text(minted: Minted, grant: Grant) -> str:
    """Return a new token as JSON, the only time that it is known."""
    return json_text(
        {
            "token": minted.token,
            "type": grant.purpose or "jwt",
            "sub": grant.subject,
            "access": grant.level,
            "scope": grant.scope,
            "expires_at": to_rfc3339(grant.expires_ms),
        }
    )
