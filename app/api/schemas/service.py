"""What the service says of itself; documentation only."""

from __future__ import annotations

from marshmallow import Schema, fields

from app.services.problems.problem import ProblemCode


class HealthSchema(Schema):
    """It serves."""

    status = fields.String(metadata={"enum": ["ok"]})


class ProblemSchema(Schema):
    """Something that is wrong now."""

    code = fields.String(required=True, metadata={"enum": [code.value for code in ProblemCode]})
    message = fields.String(
        required=True, metadata={"description": "What is wrong and what to do, in one sentence."}
    )
    runbook = fields.String(
        required=True,
        metadata={
            "description": "Where this instance's guide says more: a path, with a fragment.",
            "example": "/docs/guide/problems.html#lag",
        },
    )


class StatusSchema(Schema):
    """The figures of the moment."""

    status = fields.String(
        metadata={"enum": ["ok", "degraded"], "description": "degraded: there are problems."}
    )
    version = fields.String()
    uptime_seconds = fields.Float()
    store = fields.String(metadata={"description": "Whether the store answers."})
    queue_depth = fields.Integer(metadata={"description": "Occurrences that are due."})
    lag_ms = fields.Integer(metadata={"description": "How late the oldest due occurrence is."})
    workers = fields.Integer(metadata={"description": "Worker processes that are alive."})
    problems = fields.List(
        fields.Nested(ProblemSchema), metadata={"description": "Empty while all is well."}
    )


class BreakerSchema(Schema):
    """A target whose circuit breaker is open."""

    target = fields.String(metadata={"example": "https://example.com:443"})
    open_until = fields.String(metadata={"format": "date-time"})


class PublicKeySchema(Schema):
    """A key that signatures of deliveries can be checked with."""

    id = fields.String(required=True, metadata={"example": "6f1a2b3c4d5e6f70"})
    algorithm = fields.String(required=True, metadata={"enum": ["ed25519"]})
    key = fields.String(required=True, metadata={"description": "whpk_ and base64."})


class PublicKeysSchema(Schema):
    """Any of these may have signed."""

    keys = fields.List(fields.Nested(PublicKeySchema), required=True)
