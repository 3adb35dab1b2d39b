"""The extra headers that an event may send along."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app.domain.audit import MASK
from app.domain.template import OPEN, parse_line
from app.errors import InvalidInput

Headers = tuple[tuple[str, str], ...]
"""Names and values, in order."""

MAX_HEADERS = 20
MAX_VALUE = 1024

CONTENT_TYPE = "content-type"
"""The header that is an event's own only if its body is."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}", re.ASCII)
"""A field name (RFC 9110 section 5.6.2)."""

_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]")

_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
"""A field value (RFC 9110 section 5.5): no control characters, so no line of its own."""

_OURS = ("webhook-", "x-qhronos-", "qhronos-", "content-", "proxy-")
_RESERVED = frozenset(
    {
        "accept-encoding",  # answers are never decompressed
        "connection",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)


def parse_headers(value: Any, *, with_type: bool = False) -> Headers:
    """Read ``headers``, an object of names and values, checking all of it.

    Headers that frame, route or sign the request are the service's own and are refused;
    ``with_type``: but for ``Content-Type``. Raises ``InvalidInput`` naming the field.
    """
    if not isinstance(value, Mapping) or len(value) > MAX_HEADERS:
        raise InvalidInput.field(
            "headers", f"must be an object of at most {MAX_HEADERS} names and values"
        )
    for name, content in value.items():
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise InvalidInput.field("headers", "must have names of letters, digits and hyphens")
        _check(name, content, with_type=with_type)
    if len({name.lower() for name in value}) != len(value):
        raise InvalidInput.field("headers", "must name each header once, in any case of letters")
    return tuple((name, content.strip()) for name, content in value.items())


def unmasked(given: Headers, stored: Headers) -> Headers:
    """Put stored values where a mask was sent back; raises ``InvalidInput`` if there is none."""
    values = {name.lower(): value for name, value in stored}
    for name, value in given:
        if value == MASK and name.lower() not in values:
            raise InvalidInput.field(
                f"headers.{name}", f"must be a value: {MASK} keeps one that is stored, and none is"
            )
    return tuple((name, values[name.lower()] if value == MASK else value) for name, value in given)


@lru_cache(maxsize=1024)
def is_the_services(name: str) -> bool:
    """Whether a receiver may take this header for one that the service sets.

    CGI and WSGI make one variable of ``Webhook-Id`` and ``Webhook_Id``, and some servers of any
    other character, too (RFC 3875, section 4.1.18). The receiver would read both values as one.
    """
    folded = _NOT_ALPHANUMERIC.sub("-", name.lower())
    return folded in _RESERVED or folded.startswith(_OURS)


def _check(name: str, content: Any, *, with_type: bool) -> None:
    if is_the_services(name) and not (with_type and name.lower() == CONTENT_TYPE):
        folded = _NOT_ALPHANUMERIC.sub("-", name.lower())
        why = "the service sets it itself"
        if folded != name.lower():
            why = f"many receivers take it for our {folded}"
        raise InvalidInput.field(f"headers.{name}", f"must not be set: {why}")
    if not isinstance(content, str) or len(content) > MAX_VALUE or not _VALUE.fullmatch(content):
        raise InvalidInput.field(
            f"headers.{name}", f"must be a line of at most {MAX_VALUE} characters of Latin-1"
        )
    if OPEN in content:
        _check_template(name, content)


def _check_template(name: str, content: str) -> None:
    try:
        parse_line(content)
    except InvalidInput as error:
        raise InvalidInput.field(f"headers.{name}", error.message) from None
