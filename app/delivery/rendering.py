"""Templates of calls: what may have placeholders, and what stands in their place.

A value is escaped by where it stands: in a URL percent-encoded, in a header a line of ASCII, in a
body as its type wants it, which is as within a text in JSON unless it is a form or XML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

from app.delivery.request import Job
from app.domain.action import Action, JsonText
from app.domain.ids import to_text
from app.domain.template import (
    OPEN,
    Facts,
    Tag,
    Template,
    as_json,
    as_text,
    check_names,
    compiled,
    parse,
    parse_line,
    render,
)
from app.domain.times import MAX_MS, to_rfc3339
from app.errors import InvalidInput

MAX_RENDERED = 262_144
"""Bytes of a body with its values put in."""

MAX_LINE = 4_096
"""Characters of a URL and of a header with their values put in."""

_HOST = re.compile(r"[^/?#]*//[^/?#]*")
_FORM = "application/x-www-form-urlencoded"
_MARKUP = re.compile(r"(text/(xml|html)|application/([\w.-]+\+)?xml)\b", re.IGNORECASE)
_NOT_IN_A_LINE = re.compile(r"[^\x20-\x7e]")

_DOTS = "would be a step to another path in the URL; it must not be . or .."


def facts_of(job: Job) -> Facts:
    """What the placeholders of a job's templates stand for."""
    return Facts(
        to_text(job.event_id),
        job.name,
        job.description,
        job.tags,
        job.metadata_json,
        to_text(job.occurrence_id),
        to_rfc3339(job.scheduled_ms),
    )


def sample_facts(name: str, description: str, tags: Sequence[str], metadata_json: str) -> Facts:
    """What the placeholders of an event stand for, at an occurrence that is as long as any."""
    some_id, last = to_text(bytes(16)), to_rfc3339(MAX_MS)
    return Facts(some_id, name, description, tuple(tags), metadata_json, some_id, last)


def check_templates(url: str, body: str | None) -> None:
    """Check the placeholders of a call as far as its event is not known.

    Raises ``InvalidInput`` naming ``params.url`` or ``params.body``, and the member of a body.
    """
    check_url_template(url, "params.url")
    if body is None or OPEN not in body:
        return
    if not isinstance(body, JsonText):
        _parsed(body, "params.body")
        return
    count = 0
    for path, text, is_key in _texts(json.loads(body), "params.body"):
        template = _parsed(text, path)
        count += len(template.tags)
        is_whole = template.texts == ("", "") and not is_key
        if any(tag.is_json for tag in template.tags) and not is_whole:
            raise InvalidInput.field(path, "must have {{{…}}} as a whole value, or write {{…}}")
    _parsed(body, "params.body")  # all of it: there is a bound for the whole


def check_url_template(url: str, path: str = "") -> None:
    """Raise ``InvalidInput`` for a URL whose placeholders are wrong, or in its host."""
    host = _HOST.match(url)
    if OPEN in url and host is not None and OPEN in host[0]:
        raise _at(path, InvalidInput("must have no placeholder in its scheme, host or port"))
    try:
        parse_line(url)
    except InvalidInput as error:
        raise _at(path, error) from None


def has_templates(action: Action) -> bool:
    """Whether a call has placeholders in its URL or its body, as far as a look tells."""
    params = action.params
    return any(OPEN in params.get(name, "") for name in ("url", "body", "body_json"))


def check_rendered(action: Action, facts: Facts) -> None:
    """Check that a call can be made with what its event has; raises ``InvalidInput``."""
    for name, field in (("url", "url"), ("body", "body"), ("body_json", "body")):
        text: str = action.params.get(name, "")
        template = _kept(text) if OPEN in text else None
        if template is None:
            continue
        try:
            check_names(template, facts)
            if name == "url":
                render_url(text, facts)
            else:
                render_body(text, facts, is_json=name == "body_json")
        except InvalidInput as error:
            raise _at(f"action.params.{field}", error) from None


def check_header(name: str, text: str, facts: Facts) -> None:
    """Check that a header can be sent with what its event has; raises ``InvalidInput``."""
    template = _kept(text) if OPEN in text else None
    if template is None:
        return
    try:
        check_names(template, facts)
        render_header(text, facts)
    except InvalidInput as error:
        raise _at(f"headers.{name}", error) from None


def render_url(text: str, facts: Facts) -> str:
    """A URL with its values; raises ``InvalidInput``. What is no template is left as it is."""
    template = _kept(text)
    return text if template is None else render(template, facts, _in_url, MAX_LINE)


def render_header(text: str, facts: Facts) -> str:
    """A header's value, always one line; raises ``InvalidInput`` if it is too long."""
    template = _kept(text)
    return text if template is None else render(template, facts, _in_line, MAX_LINE)


def render_body(text: str, facts: Facts, *, is_json: bool, kind: str = "") -> bytes:
    """A body with its values, ``kind`` is its type; raises ``InvalidInput`` if it is too long."""
    template = _kept(text)
    if template is None:
        return text.encode()
    if is_json:
        template = _unquoted(template)
    body = render(template, facts, _escape_of(kind), MAX_RENDERED).encode()
    if len(body) > MAX_RENDERED:
        raise InvalidInput(f"comes to more than {MAX_RENDERED} bytes with its values put in")
    return body


def _kept(text: str) -> Template | None:
    """The template of a stored text; ``None``: it is none, and an earlier version has taken it."""
    try:
        return compiled(text)
    except InvalidInput:
        return None


def _parsed(text: str, path: str) -> Template:
    try:
        return parse(text)
    except InvalidInput as error:
        raise _at(path, error) from None


def _at(path: str, error: InvalidInput) -> InvalidInput:
    return InvalidInput.field(path, error.message) if path else error


def _texts(value: Any, path: str) -> Iterator[tuple[str, str, bool]]:
    """The texts in JSON that have placeholders, each with its path, and whether it is a name."""
    if isinstance(value, str) and OPEN in value:
        yield path, value, False
    elif isinstance(value, dict):
        for name, inner in value.items():
            if OPEN in name:
                yield path, name, True
            yield from _texts(inner, f"{path}.{name[:64]}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _texts(inner, f"{path}.{place}")


def _unquoted(template: Template) -> Template:
    """The template of JSON without the quotation marks around a value that is written as JSON."""
    texts = list(template.texts)
    for place, tag in enumerate(template.tags):
        if tag.is_json:
            texts[place] = texts[place].removesuffix('"')
            texts[place + 1] = texts[place + 1].removeprefix('"')
    return Template(tuple(texts), template.tags)


def _escape_of(kind: str) -> Callable[[Any, Tag], str]:
    if kind.lower().startswith(_FORM):
        return _in_form
    return _in_markup if _MARKUP.match(kind) else _in_json


def _in_json(value: Any, tag: Tag) -> str:
    return as_json(value) if tag.is_json else as_json(as_text(value))[1:-1]


def _in_form(value: Any, tag: Tag) -> str:
    return quote_plus(as_json(value) if tag.is_json else as_text(value))


def _in_markup(value: Any, tag: Tag) -> str:
    return escape(as_json(value) if tag.is_json else as_text(value))


def _in_url(value: Any, _tag: Tag) -> str:
    text = as_text(value)
    if text in (".", ".."):
        raise InvalidInput(f"{text!r} {_DOTS}")
    return quote(text, safe="")


def _in_line(value: Any, _tag: Tag) -> str:
    return _NOT_IN_A_LINE.sub(lambda found: quote(found[0], safe=""), as_text(value))
