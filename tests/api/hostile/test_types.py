"""Every field of every request, with every wrong kind of JSON in it: refused by its name.

The table is made from the OpenAPI document: what it does not name as a kind that a field may have
is sent there. So a field that takes what is merely empty, or that turns one kind into another, is
found, and so is a document that does not tell what is accepted.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app.factory import create_app
from app.wiring.services import build_services
from tests.api.application import settings_for
from tests.api.hostile.refusals import EVENT, refused

EVERY_KIND: tuple[Any, ...] = (
    *({}, {"x": 1}, [], [0], [""], [None], [[]], [{}]),
    *("", "x", "\x00", "a\nb", 0, 1, -1, 1.5, False, True, None),
)
KINDS = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
SOUND: dict[str, dict[str, Any]] = {
    "POST /events": {**EVENT, "schedule": {"frequency": "daily"}},
    "POST /preview": {"start_time": EVENT["start_time"]},
    "POST /events/{event_id}/backfill": {
        "from": "2029-12-30T00:00:00Z",
        "to": "2029-12-31T00:00:00Z",
    },
    "POST /tokens": {
        "type": "jwt",
        "sub": "a",
        "access": "read",
        "scope": ["a"],
        "expires_at": "2030-06-01T00:00:00Z",
    },
    "PUT /slos/{tag}": {"lateness": "1s", "objective": 0.99},
    "POST /alerts": {"name": "a", "type": "slack", "on": ["lag"], "url": EVENT["webhook"]},
    "POST /events/batch": {"events": [EVENT]},
    "POST /occurrences/retry": {"filter": {"status": "failed"}},
    "POST /events/bulk": {"action": "retag", "filter": {"tags": ["a"]}, "add_tags": ["b"]},
}
"""What stands beside the one thing that is wrong."""

Path = tuple[str | int, ...]

DOCUMENT = (
    create_app(build_services(settings_for(""))).test_client().get("/openapi.json").get_json()
)


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def fields(schema: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, set[str]]]:
    """Every field that may be written, at any depth, and the kinds that it may have."""
    schema = resolved(schema)
    kinds = schema.get("type")
    if path and kinds:
        found = {kinds} if isinstance(kinds, str) else set(kinds)
        yield path, found | ({"integer"} if "number" in found else set())
    for name, inner in schema.get("properties", {}).items():
        if not resolved(inner).get("readOnly"):
            yield from fields(inner, (*path, name))
    if "items" in schema:
        yield from fields(schema["items"], (*path, 0))


def bodies() -> dict[str, Mapping[str, Any]]:
    """The schema of each operation that reads JSON."""
    return {
        f"{method.upper()} {path}": content["application/json"]["schema"]
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
        if "application/json" in (content := operation.get("requestBody", {}).get("content", {}))
    }


def holding(body: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A body with a value at a path; what leads there is made."""
    made: dict[str, Any] = copy.deepcopy(dict(body))
    at: Any = made
    for here, following in zip(path, [*path[1:], None], strict=True):
        inner = value if following is None else [None] if following == 0 else {}
        if following is not None and here in at and type(at[here]) is type(inner):
            inner = at[here]
        at[here] = inner
        at = inner
    return made


@pytest.mark.parametrize("label", bodies())
def test_a_wrong_kind_of_json_is_refused_by_the_name_of_its_field(client, stored, label):
    """Nothing is stored of it, see ``conftest``."""
    method, _, path = label.partition(" ")
    (occurrence,) = client.get(f"/events/{stored['id']}/occurrences?limit=1").get_json()
    (alert,) = client.get("/alerts").get_json()
    names = {"event_id": stored["id"], "occurrence_id": occurrence["id"], "alert_id": alert["id"]}
    address = path.format(**names, name="days", key="acme", tag="red")
    tried = 0
    for field, kinds in fields(bodies()[label]):
        for value in EVERY_KIND:
            if KINDS[type(value)] in kinds:
                continue
            body = holding(SOUND.get(label, {}), field, value)
            query = "?tags=billing" if label == "POST /events/rotate-secret" else ""
            answer = client.open(address + query, method=method, json=body)
            said = refused(answer, 400)
            assert {name.partition(".")[0] for name in said["fields"]} == {field[0]}, body
            assert said["error"].startswith(str(field[0])), body
            tried += 1
    assert tried > 10
