"""Events: find them, see how they fare, act on many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.api.http.auth import access
from app.api.http.context import services
from app.api.schemas.list_fields import without_brackets
from app.api.schemas.tags import read_tags
from app.console import acts
from app.domain import ids
from app.domain.event import Event, EventStatus
from app.errors import InvalidInput, NotFound, QhronosError
from app.services.queries import EventQuery, Page, TagFilter

LIMIT = 50
"""Events on one page, and so how many may be chosen at once."""
_SAID = {"undelete": "Delete undone"}
LAST = 10
"""How many outcomes of each event are shown."""


def add_to(console: Blueprint) -> None:
    """Add the paths."""
    console.add_url_rule("/events", "events", show)
    console.add_url_rule("/events", "act_on_events", act, methods=["POST"])


def show(done: str | None = None, problems: Sequence[str] = (), deleted: Sequence[str] = ()) -> str:
    """A page of events, newest first."""
    words, status = request.args.get("q", "").strip(), request.args.get("status", "")
    query, found = _find(words, status, request.args.get("cursor"))
    last = services().overview.last_of(found.items, LAST)
    return render_template(
        "console/events.html",
        words=words,
        status=status,
        statuses=[one.value for one in EventStatus],
        found=found,
        meant=query and _meant(query),
        last=last,
        explained={event.id: explained(event) for event in found.items},
        done=done,
        problems=problems,
        deleted=deleted,
    )


def _find(words: str, status: str, cursor: str | None) -> tuple[EventQuery | None, Page[Event]]:
    """What the words mean: an id, else a tag that something has, else what a name begins with.

    ``host:``, ``key:`` and ``tag:`` say which is meant. Returns the list as well; ``None`` for an
    id and for a key.
    """
    wanted = status if status in {one.value for one in EventStatus} else None
    listing = services().events.list
    query = EventQuery(status=wanted, limit=LIMIT, cursor=cursor)
    if not words:
        return query, listing(query, access())
    key = words.removeprefix("key:").strip() if words.startswith("key:") else None
    if key or ids.from_text(words, version=7):
        try:
            found = services().intake.keys.get(key, access()) if key else _of_id(words)
        except (NotFound, InvalidInput):
            return None, Page((), 0)
        return None, Page((found,), 1)
    if host := words.startswith("host:") and words.removeprefix("host:").strip():
        query = replace(query, target_host=without_brackets(host[:255]))
        return query, listing(query, access())
    return _by_tag_or_name(words, query)


def _of_id(event_id: str) -> Event:
    return services().events.get(event_id, access())


def _by_tag_or_name(words: str, query: EventQuery) -> tuple[EventQuery, Page[Event]]:
    listing = services().events.list
    found: Page[Event] = Page((), 0)
    text = words.removeprefix("tag:")
    for meant in ((text,), text.split()):  # a tag may have spaces
        try:
            query = replace(query, tags=TagFilter(read_tags(meant), match_all=True))
            found = listing(query, access())
        except InvalidInput:  # no tag can be called so, or the cursor is that of another list
            continue
        if found.items or found.next_cursor or " " not in text:
            break
    if found.items or found.next_cursor or words.startswith("tag:"):
        return query, found
    query = replace(query, tags=TagFilter(), name_prefix=words[:255])
    return query, listing(query, access())


def _meant(query: EventQuery) -> dict[str, object]:
    """The list in the address of the page that does something to all of it."""
    given = {
        "tag": query.tags.tags,
        "name_prefix": query.name_prefix,
        "target_host": query.target_host,
        "status": query.status,
    }
    return {name: value for name, value in given.items() if value}


def explained(event: Event) -> str:
    """The schedule in words."""
    if event.schedule is None:
        return "once"
    try:
        return event.definition.recurrence.explain()
    except QhronosError as error:
        return f"can't be computed: {error.message}"


def act() -> AnyResponse | str:
    """Do one thing to each event that was chosen; what can't be done is told one by one.

    That takes less time than one page is read in. All that a filter means is the work of a job.
    """
    chosen = request.form.getlist("event")[:LIMIT]
    how = _how(request.form.get("act", ""), request.form.get("tags", ""))
    if how is None or not chosen:
        return redirect(url_for("console.events"), 303)
    problems, done = [], list[str]()
    for event_id in chosen:
        try:
            how(event_id=event_id)
            done.append(event_id)
        except QhronosError as error:
            problems.append(f"{event_id}: {error.message}")
    word = request.form["act"]
    said = f"{_SAID.get(word, word.capitalize())}: {len(done)} of {len(chosen)} done."
    return show(said, problems, done if word == "delete" else ())


def _how(act: str, tags: str) -> Callable[..., object] | None:
    """What is to be done to each; new tags as they are written, those to take away with ``-``."""
    if act != "retag":
        return acts.OF_ONE_EVENT.get(act)
    words = [word.strip() for word in tags.split(",") if word.strip()]
    remove = [word.removeprefix("-").strip() for word in words if word.startswith("-")]
    add = [word.removeprefix("+").strip() for word in words if not word.startswith("-")]
    return partial(acts.retag, add=add, remove=remove) if words else None
