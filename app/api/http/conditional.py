"""Conditional requests (RFC 9110 section 13): ``ETag``, ``If-Match``, ``If-None-Match``.

An event's tag is its id, its version and, while something is planned, the planned moment:
``"019b76daa80070008000c7a9d2f6b1e3-3-18c9a1b2c00"``. The first two parts are what a write is
compared with, so that the series moving on does not stand in the way of an edit; all together say
whether a copy is still true. The id is there because a key of the user's leads to another event
once the first one was deleted, and its versions count from 1 again.
"""

from __future__ import annotations

import re

from flask import Response, request

from app.api.http.answers import json_answer
from app.api.http.auth import access
from app.api.http.context import services
from app.api.schemas.representations import event_text
from app.domain.event import Event
from app.errors import InvalidInput, StaleVersion

_TAG = r'(?:W/)?"([\x21\x23-\x7e]*)"'
_LIST = re.compile(rf"\s*{_TAG}(?:\s*,\s*{_TAG})*\s*")
_ONE = re.compile(_TAG)
_NO_VERSION = 0
"""Versions count from 1: a tag that is not this event's matches none."""


def etag(event: Event) -> str:
    """Return the tag of an event's present form, with its quotes."""
    moment = "" if event.next_ms is None else f"-{event.next_ms:x}"
    return f'"{event.id.hex()}-{event.version}{moment}"'


def event_answer(event: Event) -> Response:
    """Answer with an event and its tag."""
    return json_answer(event_text(event), headers={"ETag": etag(event)})


def read_answer(event: Event) -> Response:
    """The same; 304 if ``If-None-Match`` says that the caller holds this form of the event."""
    tag = etag(event)
    return Response(status=304, headers={"ETag": tag}) if is_held(tag) else event_answer(event)


def version_to_match(event_id: str) -> int | None:
    """Return the version that ``If-Match`` demands of an event; ``None`` if any will do.

    Raises ``InvalidInput`` for a malformed header, and what reading the event raises if the
    header names several versions.
    """
    wanted = _wanted()
    if wanted is None:
        return None
    versions = {_version(tag, event_id) for tag in wanted}
    if len(versions) == 1:
        return versions.pop()
    current = services().events.get(event_id, access()).version
    if current not in versions:
        raise StaleVersion
    return current


def is_held(tag: str) -> bool:
    """Whether ``If-None-Match`` names a tag, by the weak comparison (RFC 9110 section 8.8.3.2)."""
    given = request.headers.get("If-None-Match", "")
    return given.strip() == "*" or tag.removeprefix("W/").strip('"') in _ONE.findall(given)


def _wanted() -> list[str] | None:
    """Return the tags in ``If-Match``, weak ones too: proxies weaken those of what they pack."""
    given = request.headers.get("If-Match", "*").strip()
    if given == "*":
        return None
    if len(given) > 1_000 or not _LIST.fullmatch(given):
        raise InvalidInput('If-Match must be an ETag with its quotes, as in "abc-3", or *.')
    return _ONE.findall(given)


def _version(tag: str, event_id: str) -> int:
    whose, number, *_ = *tag.split("-", 2), ""
    if whose != event_id.replace("-", ""):
        return _NO_VERSION
    return int(number) if re.fullmatch(r"[1-9][0-9]{0,15}", number) else _NO_VERSION
