"""What the service says of itself; documentation only."""

from __future__ import annotations

from marshmallow import Schema, fields


class HealthSchema(Schema):
    """It serves."""

    status = fields.String(metadata={"enum": ["ok"]})


class StatusSchema(Schema):
    """The figures of the moment."""

    status = fields.String()
    version = fields.String()
    uptime_seconds = fields.Float()
    store = fields.String(metadata={"description": "Whether the store answers."})
    queue_depth = fields.Integer(metadata={"description": "Occurrences that are due."})
    lag_ms = fields.Integer(metadata={"description": "How late the oldest due occurrence is."})
    workers = fields.Integer(metadata={"description": "Worker processes that are alive."})


class BreakerSchema(Schema):
    """A target whose circuit breaker is open."""

    target = fields.String(metadata={"example": "https://example.com:443"})
    open_until = fields.String(metadata={"format": "date-time"})
