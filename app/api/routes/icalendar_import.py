"""``POST /events`` with an iCalendar file: what becomes of each entry."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from flask import Response, request

from app.api.http.answers import json_answer
from app.api.http.audit_trail import only_asked, record_as, record_too
from app.api.http.auth import access, bearer
from app.api.http.context import services
from app.api.http.errors import error_answer, status_of
from app.api.http.icalendar_body import MAX_IMPORT_BYTES, read_calendar
from app.api.http.idempotency import done_once
from app.api.http.public_urls import absolute
from app.api.http.smorest import read_query
from app.api.schemas.event_bodies import load_body
from app.api.schemas.import_texts import import_text, line_text
from app.api.schemas.imports import ImportQuerySchema
from app.domain.ical.importing import read_entries
from app.domain.ids import to_text
from app.domain.import_job import ImportJob
from app.domain.imports import (
    AT_ONCE,
    MADE,
    MAX_VEVENTS,
    REFUSED,
    UPDATED,
    ImportLine,
    ImportRequest,
)
from app.services.import_audit import ACTION, states
from app.services.imports import TooMuch, first_error

FILE = {
    "description": (
        "An iCalendar file (RFC 5545) of at most 8 MiB and 10,000 VEVENTs. SUMMARY, DESCRIPTION, "
        "DTSTART, RRULE, RDATE, EXDATE and CATEGORIES (the tags) are read, and X-QHRONOS-WEBHOOK "
        "and X-QHRONOS-TAGS."
    )
}


def import_calendar() -> Response:
    """Make events of the entries of the file in the request's body, or change those it made."""
    return imported(ImportQuerySchema().load(read_query()))


def imported(asked: ImportRequest) -> Response:
    """Make events of the file in the request's body, as the query asks."""
    record_as(ACTION)
    data = read_calendar(request, MAX_IMPORT_BYTES)
    return done_once([repr(asked), hashlib.sha256(data).hexdigest()], lambda: _import(data, asked))


def _import(data: bytes, asked: ImportRequest) -> Response:
    calendar = read_entries(
        data,
        asked.timezone,
        now_ms=services().clock.now_ms(),
        webhook=asked.webhook,
        tags=asked.tags,
        most=MAX_VEVENTS,
    )
    if calendar.events <= AT_ONCE:
        try:
            return _answer(
                services().import_jobs.imports.at_once(calendar, asked, access(), load_body), asked
            )
        except TooMuch:
            pass  # for one request; nothing is written
    job = services().import_jobs.create(data, calendar, asked, access(), bearer().credential)
    return _job_answer(job)


def _job_answer(job: ImportJob) -> Response:
    if job.request.dry_run:
        only_asked()
    location = absolute(f"/imports/{to_text(job.id)}")
    return json_answer(import_text(job), 202, {"Location": location})


def _answer(lines: Sequence[ImportLine], asked: ImportRequest) -> Response:
    outcomes = Counter(one.outcome for one in lines)
    error = first_error(lines)
    if asked.dry_run:
        only_asked()
        return json_answer(_texts(lines, is_dry=True))
    if error is not None and (asked.atomic or outcomes.keys() == {REFUSED}):
        refused = [one for one in lines if one.outcome == REFUSED]
        return error_answer(
            status_of(error), error.message, error.fields, {"entries": _texts(refused)}
        )
    first, *more = states(asked.source, lines)
    record_as(ACTION, first)
    for state in more:
        record_too(ACTION, state)
    return json_answer(_texts(lines), 201 if outcomes[MADE] else 200)


def _texts(lines: Sequence[ImportLine], *, is_dry: bool = False) -> str:
    notices = services().previews.notices
    texts = (
        line_text(
            one,
            notices(one.event) if one.event and one.outcome in (MADE, UPDATED) else (),
            is_dry=is_dry,
        )
        for one in lines
    )
    return f"[{','.join(texts)}]"
