"""Lists as answers: a bare array that leads on, or a page that counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, request

from app.api.http.answers import json_answer, json_text
from app.api.http.context import services
from app.api.http.public_urls import absolute
from app.api.schemas.queries import ListQuery
from app.services.queries import Item, Page
from app.store.left_out import left_out

LOCATED = {
    "Location": {
        "description": "Where it is.",
        "required": True,
        "schema": {
            "type": "string",
            "format": "uri",
            "example": "https://qhronos.example/events/019b76da-a800-7000-8000-4538d1b3c989",
        },
    }
}
"""What documents the header of what was made."""

LISTED = {
    "Link": {
        "description": 'The next part, rel="next".',
        "schema": {
            "type": "string",
            "example": '<https://qhronos.example/events?cursor=abc>; rel="next"',
        },
    },
    "X-Total-Count": {
        "description": "How many in all.",
        "schema": {"type": "integer", "example": 2},
    },
    "X-Total-Count-Exact": {
        "description": "false: there are at least so many; they were not all counted.",
        "schema": {"type": "string", "enum": ["false"]},
    },
}
"""What documents the headers of an array."""


UNINDEXED = {
    "X-Unindexed-Filters": {
        "description": "The filters for which each event is looked at, between commas.",
        "schema": {"type": "string", "example": "metadata.customer"},
    }
}
"""What documents the header that says which filters cost a look at each item."""


def array_answer(listing: Page[Item], write: Callable[[Item], str]) -> Response:
    """Answer with an array: ``Link`` (RFC 8288) leads on, ``X-Total-Count`` counts."""
    headers = {"X-Total-Count": str(listing.total), **link_to_next(listing.next_cursor)}
    if not _is_exact(listing):
        headers["X-Total-Count-Exact"] = "false"
    if listing.unindexed:
        # (A name may have any character, and a header may not.)
        headers["X-Unindexed-Filters"] = quote(", ".join(listing.unindexed), safe=" ,.")
    return json_answer(_array(listing, write), headers=headers)


def named_answer(
    found: Mapping[str, Item], what: str, query: ListQuery, write: Callable[[Item], str]
) -> Response:
    """Answer with a part of what is read as a whole, by name; it leads on as other lists do."""
    cursors = services().crypto.cursors
    names, following = cursors.names(sorted(found), query.cursor, f"{what} by name", query.limit)
    return array_answer(Page(tuple(found[one] for one in names), len(found), following), write)


def link_to_next(cursor: str | None) -> dict[str, str]:
    """Return the header ``Link`` that leads to what follows, if something does."""
    return {} if cursor is None else {"Link": f'<{_following(cursor)}>; rel="next"'}


def page_answer(
    listing: Page[Item], write: Callable[[Item], str], page: int, limit: int
) -> Response:
    """Answer with a page, and where it stands among all; ``Link`` leads on."""
    place: dict[str, Any] = {"page": page, "limit": limit, "total": listing.total}
    if not _is_exact(listing):
        place["total_is_exact"] = False
    text = f'{{"data":{_array(listing, write)},"pagination":{json_text(place)}}}'
    return json_answer(text, headers=link_to_next(listing.next_cursor))


def _is_exact(listing: Page[Item]) -> bool:
    """Whether there are no more; of what is left out, nobody knows how many there are."""
    return listing.is_total_exact and not left_out()


def _array(listing: Page[Item], write: Callable[[Item], str]) -> str:
    return "[" + ",".join(map(write, listing.items)) + "]"


def _following(cursor: str) -> str:
    """Return this request's path and filters with another cursor."""
    left_out = ("cursor", "page")
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in left_out]
    return absolute(f"{quote(request.path)}?{urlencode([*kept, ('cursor', cursor)])}")
