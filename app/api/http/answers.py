"""JSON answers from text that is ready to send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Response

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def json_text(value: Any) -> str:
    """Write a value as compact JSON, characters as they are."""
    return _encode(value)


def json_answer(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON text."""
    return Response(text, status, headers, content_type="application/json")
