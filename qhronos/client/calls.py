"""One call of the API as a value: what is sent, how the answer is read, when to send it again."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

import httpx

from qhronos.decoding import Model, plain
from qhronos.errors import ApiError, NotFound, Unavailable, error_for
from qhronos.models import Event, ImportJob, ImportLine, Occurrence

T = TypeVar("T")
M = TypeVar("M", bound=Model)

JSON = "application/json"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request, and how its answer is read.

    ``again`` says that it may be sent again although it may have been done: it reads, or does the
    same again, or has an idempotency key.
    """

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    again: bool = True
    instead: Callable[[ApiError], T | None] = lambda _: None
    """What is answered instead of an error, if this answers anything."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list, and the call for the next part."""

    items: tuple[T, ...]
    following: Call[Page[T]] | None
    total: int | None = None
    """How many the whole list has; ``None`` if the service does not count so far."""

    missing: int = 0
    """How many partitions of the store this part lacks, as they were away. The log warns, too."""

    @property
    def cursor(self) -> str | None:
        """Where the next part begins; ``None`` after the last one."""
        return None if self.following is None else dict(self.following.params).get("cursor")


def path(*parts: str) -> str:
    """Join the parts of a path; each is escaped, so an id with a slash stays one part.

    Raises ``NotFound`` for a part that would lead to another path.
    """
    if not {"", ".", ".."}.isdisjoint(parts):
        raise NotFound("An id or a name can't be empty or '.' or '..'.", status=404)
    return "/" + "/".join(quote(part, safe="") for part in parts)


def get(
    path: str, read: Callable[[httpx.Response], T], params: Mapping[str, Any] | None = None
) -> Call[T]:
    """Make a call that reads."""
    return Call("GET", path, read, _params(params))


def post(
    path: str,
    read: Callable[[httpx.Response], T],
    body: object = None,
    *,
    key: str | None = None,
    if_match: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> Call[T]:
    """Make a call that is done once for its idempotency key, so that it can be sent again."""
    headers = {"Idempotency-Key": key or str(uuid.uuid4()), **_if_match(if_match)}
    return Call("POST", path, read, _params(params), _typed(headers, body), _json(body))


def ask(
    path: str,
    read: Callable[[httpx.Response], T],
    body: object,
    params: Mapping[str, Any] | None = None,
) -> Call[T]:
    """Make a ``POST`` that changes nothing."""
    return Call("POST", path, read, _params(params), _typed({}, body), _json(body))


def calendar_file(
    file: bytes, asked: Mapping[str, Any]
) -> Call[ImportJob | tuple[ImportLine, ...]]:
    """Make the call that imports a calendar file. Its UIDs make it the same when sent again."""

    def read(answer: httpx.Response) -> ImportJob | tuple[ImportLine, ...]:
        found = document(answer)
        return ImportLine.each_of(found) if isinstance(found, list) else ImportJob.of(found)

    typed = {"Content-Type": "text/calendar"}
    return Call("POST", "/imports", read, _params(asked), typed, file)


def put(
    path: str,
    read: Callable[[httpx.Response], T],
    body: object,
    *,
    if_match: str | None = None,
    params: Mapping[str, Any] | None = None,
    again: bool = True,
) -> Call[T]:
    """Make a call that does the same again, unless it names a version: that would be another."""
    headers = _typed(_if_match(if_match), body)
    again = again and if_match is None
    return Call("PUT", path, read, _params(params), headers, _json(body), again=again)


def delete(
    path: str, *, if_match: str | None = None, params: Mapping[str, Any] | None = None
) -> Call[None]:
    """Make a call that deletes."""
    return Call("DELETE", path, lambda _: None, _params(params), _if_match(if_match))


def of_delivery(path: str, ack_token: str, body: object) -> Call[Occurrence]:
    """Make a call by the token of a delivery. It is not sent again: a second time is a 409."""
    headers = _typed({"Authorization": f"Bearer {ack_token}"}, body)
    read = one(Occurrence)
    return Call("POST", path, read, headers=headers, content=_json(body), again=False)


def filters(given: Mapping[str, Any]) -> dict[str, Any]:
    """Write a filter as a body has it; those that are ``None`` are left out."""
    return {name.rstrip("_"): one for name, one in given.items() if one is not None}


def count(answer: httpx.Response) -> int:
    """Read how many it would be."""
    return int(document(answer)["count"])


def one(cls: type[M]) -> Callable[[httpx.Response], M]:
    """Read one object."""
    return lambda answer: cls.of(document(answer))


def several(cls: type[M]) -> Callable[[httpx.Response], tuple[M, ...]]:
    """Read an array."""
    return lambda answer: cls.each_of(document(answer))


def event(answer: httpx.Response) -> Event:
    """Read an event with its version."""
    return replace(Event.of(document(answer)), etag=answer.headers.get("ETag"))


def listed(path: str, cls: type[M], params: Mapping[str, Any] | None = None) -> Call[Page[M]]:
    """Make a call for a list, which leads on from page to page."""

    def read(answer: httpx.Response) -> Page[M]:
        found = document(answer)
        items = cls.each_of(found["data"] if isinstance(found, Mapping) else found)
        total, missing = _total(answer), _missing(answer)
        link = answer.links.get("next")
        if link is None:
            return Page(items, None, total, missing)
        # Only what it asks for: the host is the one that we were told, and gets the token.
        following = Call("GET", path, read, tuple(parse_qsl(urlsplit(link["url"]).query)))
        return Page(items, following, total, missing)

    return get(path, read, params)


def _total(answer: httpx.Response) -> int | None:
    text = answer.headers.get("X-Total-Count", "")
    is_exact = answer.headers.get("X-Total-Count-Exact") != "false"
    return int(text) if is_exact and text.isascii() and text.isdecimal() else None


def _missing(answer: httpx.Response) -> int:
    text = answer.headers.get("Qhronos-Partial", "")
    if not (text.isascii() and text.isdecimal()):
        return 0
    _log.warning(
        "this is not all of %s: %s partitions of the store are away", answer.request.url.path, text
    )
    return int(text)


def document(answer: httpx.Response) -> Any:
    """Read the JSON of an answer; raises ``Unavailable`` if it is none."""
    try:
        return answer.json()
    except ValueError:
        raise Unavailable(
            f"{answer.request.url.host} answered no JSON: is this the address of Qhronos?",
            status=answer.status_code,
        ) from None


def sent_at(answer: httpx.Response) -> datetime | None:
    """Read when an answer was sent (RFC 9110 section 6.6.1)."""
    try:
        return parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return None


def refused(answer: httpx.Response) -> ApiError:
    """Make the error of an answer that is one, with the service's sentence."""
    status = answer.status_code
    try:
        found = answer.json()
    except ValueError:
        found = None
    known = found if isinstance(found, Mapping) else {}
    sentence = known.get("error") or (
        f"{answer.request.url.host} answered {status} without saying why: is this the address of "
        "Qhronos?"
    )
    return error_for(status)(
        str(sentence), status=status, document=known, retry_after_s=_retry_after(answer)
    )


def _retry_after(answer: httpx.Response) -> float | None:
    """The service writes whole seconds; a date, which a proxy may write, is not looked at."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdecimal() else None


def _params(given: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    """Write parameters; those that are ``None`` are left out, lists stand between commas."""
    return tuple(
        (name.rstrip("_"), _param(value))
        for name, value in (given or {}).items()
        if value is not None and value != ()
    )


def _param(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    written = plain(value)
    return ",".join(map(str, written)) if isinstance(written, list) else str(written)


def _json(body: object) -> bytes | None:
    return None if body is None else json.dumps(plain(body), ensure_ascii=False).encode()


def _typed(headers: Mapping[str, str], body: object) -> dict[str, str]:
    return dict(headers) if body is None else {**headers, "Content-Type": JSON}


def _if_match(version: str | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": version}
