"""``POST /events/batch``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response

from app.api.http.answers import json_answer, json_text
from app.api.http.audit_trail import audited, record_as, record_too
from app.api.http.auth import access, require_right
from app.api.http.context import services
from app.api.http.errors import error_answer, status_of
from app.api.http.idempotency import repeatable, repetition, to_be_finished
from app.api.http.public_urls import absolute
from app.api.http.smorest import Blueprint
from app.api.schemas.batches import Batch, BatchAnswerSchema, BatchRefusedSchema, BatchSchema
from app.api.schemas.event_bodies import load_item
from app.domain.ids import to_text
from app.errors import InvalidInput, QhronosError, StoreUnavailable
from app.services.audit import NAMED
from app.services.event_batch import Item, Made

ACTION = "event.batch"

_EXPLAINED = 20
"""So many that are refused are told what they probably meant; a thousand would cost a second."""

_NO_OBJECT = 'must be an object, as in {"name": "…"}'

blueprint = Blueprint("batches", __name__, description="Many events in one request")
blueprint.before_request(require_right)


@blueprint.operation("/events/batch", "POST")
@audited(ACTION)
@blueprint.reads(BatchSchema, "large json")
@blueprint.answers(201, BatchAnswerSchema)
@blueprint.answers(207, BatchAnswerSchema)
@blueprint.answers(400, BatchRefusedSchema)
@blueprint.answers(403, BatchRefusedSchema)
@blueprint.answers(409, BatchRefusedSchema)
@blueprint.refuses(401, 413, 415)
@repeatable(blueprint)
def create_events(batch: Batch) -> Response:
    """Create up to 1,000 events; each is created or refused for itself, or all or none.

    201: all are created. 207: some are. If none is, the status and the error are those of the first
    that was refused, and results say what is wrong with each.
    """
    items = _items(batch.events)
    made = services().intake.batches.create(
        items, access(), _about_to_write, repetition(), atomic=batch.atomic
    )
    events = [one for one in made if not isinstance(one, QhronosError)]
    created = [one.id for one in events]
    base = absolute("/events/")
    error = next((one for one in made if isinstance(one, QhronosError)), None)
    if error is not None and (batch.atomic or not created):
        index = made.index(error)
        place = f"events.{index}"
        message = f"{place}: {error.message}"
        fields = {f"{place}.{path}": said for path, said in error.fields.items()}
        if isinstance(error, InvalidInput) and not fields:
            fields = {place: [error.message]}
        refused = [
            _result(number, one, base)
            for number, one in enumerate(made)
            if isinstance(one, QhronosError)
        ]
        return error_answer(
            status_of(error), message, fields, {"results": f"[{','.join(refused)}]"}
        )
    if any(isinstance(one, StoreUnavailable) for one in made):
        to_be_finished()
    _record(created)
    for one in events:
        services().storage.changes.written("event.create", one)
    results = ",".join(_result(number, one, base) for number, one in enumerate(made))
    text = (
        f'{{"created":{len(created)},"refused":{len(made) - len(created)},"results":[{results}]}}'
    )
    return json_answer(text, 201 if error is None else 207)


def _items(bodies: Sequence[Any]) -> list[Item]:
    items: list[Item] = []
    refused = 0
    for body in bodies:
        items.append(_read(body, explains=refused < _EXPLAINED))
        refused += isinstance(items[-1], QhronosError)
    return items


def _read(body: Any, *, explains: bool) -> Item:
    if not isinstance(body, dict):
        return InvalidInput(_NO_OBJECT)
    try:
        return load_item(body, explains=explains)
    except InvalidInput as error:
        return error


def _result(index: int, made: Made, base: str) -> str:
    if isinstance(made, QhronosError):
        said: dict[str, Any] = {"index": index, "status": status_of(made), "error": made.message}
        return json_text({**said, "fields": made.fields} if made.fields else said)
    name = to_text(made.id)
    return f'{{"index":{index},"status":201,"id":"{name}","location":"{base}{name}"}}'


def _state(ids: Sequence[bytes]) -> dict[str, Any]:
    return {"changed": [{"id": to_text(one), "outcome": "made"} for one in ids]}


def _about_to_write(ids: Sequence[bytes]) -> None:
    record_as(ACTION, _state(ids))


def _record(created: Sequence[bytes]) -> None:
    """Name all that were created; one entry has room for some of them."""
    record_as(ACTION, {"made": len(created), **_state(created[:NAMED])})
    for at in range(NAMED, len(created), NAMED):
        record_too(ACTION, _state(created[at : at + NAMED]))
