"""The document as a page shows it: groups of calls, and objects."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, NamedTuple

from app.api.document.nodes import (
    METHODS,
    SCHEMAS,
    Node,
    operations,
    parameters_of,
    resolved,
    succeeds,
)
from app.api.document.snippets import curl_of, example_request, python_of
from app.api.document.wording import DescribedPart, Word, kind, member, members

FOR_ALL = ("X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
"""Headers of every answer: the page tells of them once."""

SHARED = ("400", "401", "403", "413", "415", "429", "503", "default")
"""Errors that mean the same on every call."""

_ACCESS = {
    "bearer": "The master token or a JWT.",
    "delivery": "The Qhronos-Ack-Token of the delivery.",
}
_OPEN = "Open to all: no token is needed."


class Content(NamedTuple):
    """A body, of a request or of an answer."""

    media_type: str
    kind: list[Word]
    limits: str
    example: str | None


class Answer(NamedTuple):
    """What comes of a call."""

    status: str
    title: str
    about: str
    contents: list[Content]
    headers: list[DescribedPart]


class DescribedCall(NamedTuple):
    """An operation, or what a receiver is sent."""

    name: str
    method: str
    path: str
    summary: str
    about: list[str]
    access: str
    parameters: list[DescribedPart]
    bodies: list[Content]
    body: DescribedObject | None
    """The object that its body is, if this is the place to tell of it."""
    answers: list[Answer]
    own_errors: list[Answer]
    shared_errors: list[str]
    """The statuses that mean the same on every call: the page tells of them once."""
    curl: str
    python: str


class DescribedObject(NamedTuple):
    """A schema that has a name."""

    name: str
    about: str
    choices: list[Word]
    members: list[DescribedPart]


class DescribedGroup(NamedTuple):
    """Calls about one thing."""

    name: str
    title: str
    about: str
    calls: list[DescribedCall]


class Reader:
    """What there is to read of a document."""

    def __init__(self, document: Node) -> None:
        """The document is whole, and in the form of OpenAPI 3.1."""
        self._document = document
        self._schemas: dict[str, Node] = document["components"]["schemas"]
        self._told: set[str] = set()
        calls = [
            (operation["tags"][0], self._call(method, path, operation))
            for method, path, operation in operations(document)
        ]
        calls += [
            (operation["tags"][0], self._received(operation))
            for item in document.get("webhooks", {}).values()
            for operation in (item[method] for method in METHODS if method in item)
        ]
        self.groups = [
            DescribedGroup(
                name=tag["name"],
                title=tag["name"].replace("-", " ").capitalize(),
                about=tag.get("description", ""),
                calls=[call for name, call in calls if name == tag["name"]],
            )
            for tag in document["tags"]
        ]
        self.objects = [
            self._object(name) for name in sorted(self._schemas) if name not in self._told
        ]
        self.errors = self._errors()
        self.headers = self._headers(
            {name: {"$ref": f"#/components/headers/{key}"} for name, key in _COMMON.items()}
        )

    def _call(self, method: str, path: str, operation: Node) -> DescribedCall:
        request = example_request(self._document, path, method)
        return self._described(operation)._replace(
            method=method.upper(),
            path=path,
            parameters=[
                self._parameter(one) for one in parameters_of(self._document, path, method)
            ],
            curl=curl_of(request),
            python=python_of(request),
        )

    def _received(self, operation: Node) -> DescribedCall:
        return self._described(operation)._replace(
            access="",
            parameters=[self._parameter(one) for one in operation["parameters"]],
            own_errors=[
                self._answer(*one)
                for one in operation["responses"].items()
                if one[0][0] not in "23"
            ],
        )

    def _described(self, operation: Node) -> DescribedCall:
        schemes = operation.get("security", self._document["security"])
        contents = operation.get("requestBody", {}).get("content", {})
        answers = [self._answer(*one) for one in operation["responses"].items()]
        refusals = [one for one in answers if one.status[0] not in "23"]
        return DescribedCall(
            name=operation["operationId"],
            method="POST",
            path="",
            summary=operation["summary"],
            about=operation.get("description", "").split("\n\n"),
            access=_ACCESS[next(iter(schemes[0]))] if schemes else _OPEN,
            parameters=[],
            bodies=self._contents(contents),
            body=self._body(contents),
            answers=[one for one in answers if one.status[0] in "23"],
            own_errors=[one for one in refusals if one.status not in SHARED],
            shared_errors=[one.status for one in refusals if one.status in SHARED],
            curl="",
            python="",
        )

    def _body(self, contents: Node) -> DescribedObject | None:
        """The object of a body where it is first sent; later ones lead there."""
        for content in contents.values():
            name = content["schema"].get("$ref", "").removeprefix(SCHEMAS)
            if name in self._schemas and name not in self._told:
                self._told.add(name)
                return self._object(name)
        return None

    def _object(self, name: str) -> DescribedObject:
        schema = self._schemas[name]
        has_choices = "oneOf" in schema or "anyOf" in schema
        return DescribedObject(
            name=name,
            about=schema.get("description", ""),
            choices=kind(schema) if has_choices else [],
            members=list(members(schema)),
        )

    def _parameter(self, parameter: Node) -> DescribedPart:
        return member(
            parameter["name"],
            parameter,
            required=parameter.get("required", False),
            schema=parameter["schema"],
        )

    def _answer(self, status: str, response: Node) -> Answer:
        found = resolved(self._document, response)
        title = HTTPStatus(int(status)).phrase if status.isdigit() else ""
        about = found["description"]
        return Answer(
            status=status,
            title=title,
            about="" if about == title else about,
            contents=self._contents(found.get("content", {})) if succeeds(status) else [],
            headers=self._headers(
                {name: one for name, one in found.get("headers", {}).items() if name not in FOR_ALL}
            ),
        )

    def _headers(self, headers: Node) -> list[DescribedPart]:
        found = [(name, resolved(self._document, one)) for name, one in headers.items()]
        return [member(name, one, required=False, schema=one["schema"]) for name, one in found]

    def _contents(self, contents: Node) -> list[Content]:
        return [
            Content(
                media_type=media_type,
                kind=kind(content["schema"]),
                limits=content["schema"].get("description", ""),
                example=_written(content.get("example")),
            )
            for media_type, content in contents.items()
        ]

    def _errors(self) -> list[Answer]:
        """Each error that calls share, told once, by status."""
        shared = {
            status: response
            for _, _, operation in operations(self._document)
            for status, response in operation["responses"].items()
            if "$ref" in response
        }
        return [self._answer(status, shared[status]) for status in sorted(shared)]


_COMMON = {
    "X-Request-Id": "RequestId",
    "X-RateLimit-Limit": "RateLimitLimit",
    "X-RateLimit-Remaining": "RateLimitRemaining",
    "X-RateLimit-Reset": "RateLimitReset",
}


def _written(example: Any) -> str | None:
    if example is None or isinstance(example, str):
        return example
    return json.dumps(example, indent=2, ensure_ascii=False)
