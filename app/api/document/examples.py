"""An example for every body, every parameter and every answer, made of those of their parts."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from app.api.document.nodes import METHODS, SCHEMAS, Node, nodes, succeeds

_UUID = "019b76da-a800-7000-8000-4538d1b3c989"
_HOOK = "https://example.com/hook"
BODIES: dict[str, Any] = {
    "create_event": {
        "name": "invoice run",
        "schedule": {"cron": "0 9 * * MON-FRI"},
        "timezone": "Europe/Berlin",
        "webhook": _HOOK,
        "metadata": {"customer": 17},
        "tags": ["billing", "eu"],
    },
    "update_event": {"description": "On every workday.", "timezone": "Europe/Paris"},
    "put_event_by_key": {
        "name": "remind of invoice 17",
        "start_time": "2031-01-31T09:00:00Z",
        "webhook": _HOOK,
    },
    "patch_event": {"webhook": "https://example.com/other"},
    "preview_schedule": {"text": "every second Friday at 9:00 Europe/Berlin"},
    "pause_event": {"until": "2031-01-31T09:00:00Z", "note": "maintenance"},
    "backfill_event": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-02T00:00:00Z"},
    "rotate_secret": {"overlap": "24h"},
    "rotate_secrets": {"overlap": "24h"},
    "put_tag_secret": {"overlap": "24h"},
    "ack_occurrence": {},
    "nack_occurrence": {"error": "the printer is out of paper", "retry": True},
    "retry_occurrence": {"webhook_id": "same"},
    "retry_occurrences": {"filter": {"tags": ["billing"], "status": "failed"}, "rate": "10/s"},
    "change_events": {"action": "pause", "filter": {"tags": ["billing"]}, "dry_run": True},
    "create_alert": {
        "name": "on call",
        "type": "slack",
        "on": ["failing", "dead_letter", "breaker_open"],
        "url": "https://hooks.slack.com/services/T0/B0/x",
    },
    "update_alert": {"name": "on call, at night", "per_hour": 4},
    "put_flow": {"rate": "10/s", "burst": 5, "concurrency": 2},
    "put_calendar": {
        "description": "Days off",
        "dates": ["2031-12-24"],
        "holidays": {"country": "DE", "subdivision": "BE"},
    },
    "create_token": {
        "type": "jwt",
        "sub": "billing-service",
        "access": "read_write",
        "scope": ["billing"],
        "expires_at": "2031-01-31T09:00:00Z",
    },
}
"""Bodies that do something sensible, by operation; others are made of their members' examples."""

PARAMETERS = {
    ("path", "event_id"): _UUID,
    ("path", "occurrence_id"): _UUID,
    ("path", "import_id"): _UUID,
    ("path", "retry_id"): _UUID,
    ("path", "job_id"): _UUID,
    ("path", "jti"): _UUID,
    ("path", "alert_id"): _UUID,
    ("path", "key"): "acme",
    ("path", "name"): "office",
    ("path", "tag"): "billing",
    ("query", "sub"): "billing-service",
    ("query", "name"): "invoice run",
    ("query", "name_prefix"): "invoice",
    ("query", "target_host"): "example.com",
    ("header", "Idempotency-Key"): "invoice-run-2031-01",
}
"""Values of parameters whose schemas have none."""

A_TEXT = "text"
"""Stands for any text."""

_FORMATS = {
    "date-time": "2030-01-31T09:00:00Z",
    "date": "2030-01-31",
    "uuid": _UUID,
    "uri": _HOOK,
}
_WORDS = {"application/x-ndjson": '{"seq":1}\n', "text/plain": "qhronos_up 1.0\n"}
_FILE = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//EN\r\nEND:VCALENDAR\r\n"


def add_examples(document: Node) -> None:
    """Put an example beside every schema that a client sends or is answered."""
    schemas = document["components"]["schemas"]
    for item in (*document["paths"].values(), *document.get("webhooks", {}).values()):
        for parameter in item.get("parameters", []):
            _parameter(parameter, schemas)
        for method in METHODS:
            if method in item:
                _operation(item[method], schemas)
    for response in document["components"]["responses"].values():
        _contents(response.get("content", {}), schemas)
    _plural(document["components"])
    _plural(document["paths"])
    _plural(document.get("webhooks", {}))


def example(schema: Mapping[str, Any], schemas: Mapping[str, Node]) -> Any:
    """Return a value that a schema allows."""
    if "example" in schema:
        return deepcopy(schema["example"])
    if "$ref" in schema:
        return example(schemas[schema["$ref"].removeprefix(SCHEMAS)], schemas)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return example(choices[0], schemas)
    if "enum" in schema:
        return schema["enum"][0]
    return _of_kind(schema, schemas)


def _of_kind(schema: Mapping[str, Any], schemas: Mapping[str, Node]) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            members = schema.get("properties", {})
            return {name: example(one, schemas) for name, one in members.items()}
        case "array":
            return [example(schema["items"], schemas)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
    return _FORMATS.get(schema.get("format", ""), A_TEXT[: schema.get("maxLength", 4)])


def _operation(operation: Node, schemas: Mapping[str, Node]) -> None:
    for parameter in operation.get("parameters", []):
        _parameter(parameter, schemas)
    content = operation.get("requestBody", {}).get("content", {})
    _contents(content, schemas)
    given = BODIES.get(operation.get("operationId", ""))
    if given is not None and "application/json" in content:
        content["application/json"]["example"] = given
    for status, response in operation["responses"].items():
        if succeeds(status):
            _contents(response.get("content", {}), schemas)


def _parameter(parameter: Node, schemas: Mapping[str, Node]) -> None:
    if "$ref" not in parameter and "example" not in parameter:
        told = PARAMETERS.get((parameter["in"], parameter["name"]))
        parameter["example"] = told or example(parameter["schema"], schemas)


def _contents(contents: Mapping[str, Node], schemas: Mapping[str, Node]) -> None:
    for kind, content in contents.items():
        if kind == "text/calendar":
            content["example"] = _FILE
        elif kind in _WORDS:
            content["example"] = _WORDS[kind]
        else:
            content["example"] = example(content["schema"], schemas)


def _plural(part: Any) -> None:
    """Schemas have ``examples`` (JSON Schema); parameters and contents keep their ``example``."""
    for node in nodes(part):
        for name in ("schema", "items"):
            if isinstance(node.get(name), dict):
                _to_examples(node[name])
        for name in ("properties", "schemas"):
            for one in node.get(name, {}).values() if isinstance(node.get(name), dict) else ():
                if isinstance(one, dict):
                    _to_examples(one)
        for name in ("anyOf", "oneOf"):
            for one in node.get(name, []) if isinstance(node.get(name), list) else ():
                _to_examples(one)


def _to_examples(schema: Node) -> None:
    if "example" in schema:
        schema["examples"] = [schema.pop("example")]
