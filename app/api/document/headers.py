"""Headers that every operation, or every one of a kind, reads or answers with."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from app.api.document.nodes import Node, operations, succeeds
from app.domain import durability
from app.domain.once import HEADER

_A_TAG = '"019b76daa80070008000c7a9d2f6b1e3-3-18c9a1b2c00"'
_ETAG = {
    "description": "The event and its version, for If-Match and If-None-Match.",
    "schema": {"type": "string", "example": _A_TAG},
}
_WHOLE = {"type": "integer", "minimum": 0}

HEADERS: dict[str, Node] = {
    "ETag": _ETAG,
    "Retry-After": {
        "description": "After how many seconds to ask again.",
        "schema": {**_WHOLE, "example": 1},
    },
    "RateLimitLimit": {
        "description": "How many requests are possible in a period, if there is a limit.",
        "schema": {**_WHOLE, "example": 600},
    },
    "RateLimitRemaining": {
        "description": "How many are left of it.",
        "schema": {**_WHOLE, "example": 599},
    },
    "RateLimitReset": {
        "description": "When the period ends, in seconds since 1970.",
        "schema": {**_WHOLE, "example": 1924938000},
    },
    "Partial": {
        "description": "How many partitions are missing, as a shard of the cluster is away.",
        "schema": {**_WHOLE, "example": 5},
    },
    "RequestId": {
        "description": "The name of the request in logs: the caller's X-Request-Id, or a new one.",
        "schema": {"type": "string", "example": "6f1a2b3c4d5e6f70"},
    },
}

IF_MATCH: Node = {
    "in": "header",
    "name": "If-Match",
    "required": False,
    "description": "Only change this version, an ETag; any other is a 412.",
    "schema": {"type": "string", "example": _A_TAG},
}
IF_NONE_MATCH: Node = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "description": "Answer 304 if this ETag is still that of what is there.",
    "schema": {"type": "string", "example": _A_TAG},
}
DURABILITY: Node = {
    "in": "header",
    "name": durability.HEADER,
    "required": False,
    "description": "Only answer when the change is on replicas, or on the store's disk.",
    "example": "replicated",
    "schema": {"type": "string", "enum": ["replicated", "fsync", "replicated, fsync"]},
}
ERRORS = {
    "400": ("BAD_REQUEST", "The request is wrong: the sentence says what to change."),
    "401": ("UNAUTHORIZED", "There is no token, or it is not valid, or no longer valid."),
    "403": ("FORBIDDEN", "The token is valid, but its access or its scope does not allow this."),
    "404": ("NOT_FOUND", "There is no such thing, or the token's scope does not cover it."),
    "409": ("CONFLICT", "What is there does not allow it: the sentence says why."),
    "412": ("PRECONDITION_FAILED", "It has changed since the version in If-Match: read it again."),
    "413": ("REQUEST_ENTITY_TOO_LARGE", "The body is larger than this call takes."),
    "415": ("UNSUPPORTED_MEDIA_TYPE", "The Content-Type is none that this call reads."),
    "default": ("DEFAULT_ERROR", "Any other error, in the same form."),
}
"""What each refusal means, and its component, by status."""

_LIMITS = {
    "X-RateLimit-Limit": "RateLimitLimit",
    "X-RateLimit-Remaining": "RateLimitRemaining",
    "X-RateLimit-Reset": "RateLimitReset",
}


def add_headers(document: Node) -> None:
    """Say of every operation which headers it reads and answers with, and what all may refuse."""
    components = document["components"]
    components["headers"] = deepcopy(HEADERS)
    components["parameters"] = {
        **components.get("parameters", {}),
        "IfMatch": deepcopy(IF_MATCH),
        "IfNoneMatch": deepcopy(IF_NONE_MATCH),
        "Durability": deepcopy(DURABILITY),
    }
    errors = components["responses"]
    for name, description in ERRORS.values():
        errors[name]["description"] = description
    for name, description in (
        ("TOO_MANY_REQUESTS", "Too many requests; wait for Retry-After."),
        ("SERVICE_UNAVAILABLE", "The store does not answer; ask again after Retry-After."),
    ):
        errors[name] = {**deepcopy(errors["DEFAULT_ERROR"]), "description": description}
        errors[name]["headers"] = {"Retry-After": _header("Retry-After")}
    for one in errors.values():
        one.setdefault("headers", {})["X-Request-Id"] = _header("RequestId")
    for method, path, operation in operations(document):
        _conditional(method, operation)
        responses = operation["responses"]
        responses.setdefault("400", {"$ref": "#/components/responses/BAD_REQUEST"})
        if path != "/health":
            responses["429"] = {"$ref": "#/components/responses/TOO_MANY_REQUESTS"}
        responses["503"] = {"$ref": "#/components/responses/SERVICE_UNAVAILABLE"}
        for status, response in responses.items():
            if "$ref" in response:
                continue
            if status in ERRORS:
                response["description"] = ERRORS[status][1]
            headers = response.setdefault("headers", {})
            headers["X-Request-Id"] = _header("RequestId")
            for name, component in _LIMITS.items():
                headers[name] = _header(component)
        operation["responses"] = dict(sorted(responses.items()))


def _header(name: str) -> Node:
    return {"$ref": f"#/components/headers/{name}"}


def _conditional(method: str, operation: Node) -> None:
    """What has versions can be asked for, and changed, on a condition; a change has a safety."""
    parameters: list[Any] = operation.setdefault("parameters", [])
    responses = operation["responses"]
    if "412" in responses:
        parameters.append({"$ref": "#/components/parameters/IfMatch"})
    tagged = [
        response
        for status, response in responses.items()
        if succeeds(status) and "ETag" in response.get("headers", {})
    ]
    for response in tagged:
        response["headers"]["ETag"] = _header("ETag")
    if tagged and "requestBody" not in operation and "412" not in responses:
        parameters.append({"$ref": "#/components/parameters/IfNoneMatch"})
        responses["304"] = {
            "description": "The copy that the caller holds is still current.",
            "headers": {"ETag": _header("ETag")},
        }
    if any(one.get("name") == HEADER for one in parameters):
        # The same key with another request.
        responses.setdefault("409", {"$ref": "#/components/responses/CONFLICT"})
    if method != "get":
        parameters.append({"$ref": "#/components/parameters/Durability"})
    if not parameters:
        del operation["parameters"]
