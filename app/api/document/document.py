"""The document in full, and its form for tools that read OpenAPI 3.0 alone."""

from __future__ import annotations

import inspect
import json
from functools import cached_property
from typing import TYPE_CHECKING

from app import __version__
from app.api.document.examples import add_examples
from app.api.document.headers import add_headers
from app.api.document.nodes import Node
from app.api.document.older import older
from app.api.document.shapes import shape
from app.api.document.webhooks import add_webhooks

if TYPE_CHECKING:
    from app.api.http.smorest import Api

ABOUT = (
    "Schedules webhooks and delivers them, signed, at the right moment. Send a token as "
    "'Authorization: Bearer <token>'. Errors are JSON whatever the path: "
    '{"error": "what to change"}.'
)
HERE = "https://here.invalid"
"""Stands for where the document was asked for, until it is sent."""

_FOREIGN = "PaginationMetadata"
"""A schema that flask-smorest adds for a feature that is not used here."""


class Document:
    """What an application can do; made once, when it is first asked for."""

    def __init__(self, api: Api) -> None:
        """``api`` may get more blueprints until then."""
        self._api = api

    @cached_property
    def whole(self) -> Node:
        """The document in OpenAPI 3.1; its server is ``HERE``."""
        # Schemas share what their fields say of themselves; here each gets its own.
        found: Node = json.loads(json.dumps(self._api.spec.to_dict()))
        schemas = found["components"]["schemas"]
        for (schema, *_), name in self._api.ma_plugin.converter.refs.items():
            schemas[name]["description"] = inspect.getdoc(schema)
        del schemas[_FOREIGN]
        document: Node = {
            "openapi": found["openapi"],
            "info": {
                "title": "Qhronos",
                "version": __version__,
                "summary": "Schedules webhooks.",
                "description": ABOUT,
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "servers": [{"url": HERE}],
            **{name: part for name, part in found.items() if name not in ("openapi", "info")},
        }
        add_headers(document)
        shape(document)
        add_webhooks(document)
        add_examples(document)
        return document

    @cached_property
    def older(self) -> Node:
        """The same in OpenAPI 3.0."""
        return older(self.whole)
