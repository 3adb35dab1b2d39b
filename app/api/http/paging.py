"""Lists as answers: a bare array that leads on, or a page that counts."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlencode

from flask import Response, request

from app.api.http.answers import json_answer, json_text
from app.api.http.public_urls import absolute
from app.services.queries import Item, Page

LISTED = {
    "Link": {"description": 'The next part, rel="next".', "schema": {"type": "string"}},
    "X-Total-Count": {"description": "How many in all.", "schema": {"type": "integer"}},
}
"""What documents the headers of an array."""


def array_answer(listing: Page[Item], write: Callable[[Item], str]) -> Response:
    """Answer with an array: ``Link`` (RFC 8288) leads on, ``X-Total-Count`` counts."""
    headers = {"X-Total-Count": str(listing.total), **link_to_next(listing.next_cursor)}
    return json_answer(_array(listing, write), headers=headers)


def link_to_next(cursor: str | None) -> dict[str, str]:
    """Return the header ``Link`` that leads to what follows, if something does."""
    return {} if cursor is None else {"Link": f'<{_following(cursor)}>; rel="next"'}


def page_answer(
    listing: Page[Item], write: Callable[[Item], str], page: int, limit: int
) -> Response:
    """Answer with a page, and where it stands among all."""
    pagination = json_text({"page": page, "limit": limit, "total": listing.total})
    return json_answer(f'{{"data":{_array(listing, write)},"pagination":{pagination}}}')


def _array(listing: Page[Item], write: Callable[[Item], str]) -> str:
    return "[" + ",".join(map(write, listing.items)) + "]"


def _following(cursor: str) -> str:
    """Return this request's path and filters with another cursor."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    return absolute(f"{quote(request.path)}?{urlencode([*kept, ('cursor', cursor)])}")
