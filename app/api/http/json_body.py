"""The request's body: one JSON object, read strictly.

Python's reader alone accepts NaN, numbers without end, keys given twice and half characters
(RFC 8259 leaves all of these to the reader); each would be delivered as something else than
what was sent, or break further inside.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any, NoReturn, Self

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from app.errors import InvalidInput

MAX_DEPTH = 32
"""How deep objects and lists may stand in each other; the body itself is the first level."""

_CHUNK = 65_536
Pairs = list[tuple[str, Any]]


class Number(float):
    """A number with a fraction or an exponent, which remembers how it was written."""

    __slots__ = ("literal",)
    literal: str

    def __new__(cls, literal: str) -> Self:
        """Read a literal; raises ``InvalidInput`` if it is too large for a double."""
        number = super().__new__(cls, literal)
        if math.isinf(number):
            raise InvalidInput(f"The number {literal[:40]} is too large; send a smaller one.")
        number.literal = literal
        return number


def read_object(request: Request, max_bytes: int) -> dict[str, Any]:
    """Return the JSON object in a request's body.

    Raises ``UnsupportedMediaType``, ``RequestEntityTooLarge`` and ``InvalidInput``.
    """
    _check_type(request)
    value = parse(read_bytes(request, max_bytes))
    if not isinstance(value, dict):
        raise InvalidInput('The body must be a JSON object, as in {"name": "…"}.')
    return value


def parse(raw: bytes) -> Any:
    """Read strict JSON; raises ``InvalidInput``."""
    if raw.startswith(b"\xef\xbb\xbf"):
        raise InvalidInput("The body begins with a byte order mark; send plain UTF-8.")
    try:
        value = _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise InvalidInput("The body is not UTF-8; encode it as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f"The body is not valid JSON: look at line {error.lineno}, column {error.colno}."
        ) from None
    except ValueError:
        # The interpreter refuses to read integers of thousands of digits.
        raise InvalidInput("A number in the body has too many digits; send fewer.") from None
    except RecursionError:
        raise _too_deep() from None
    # Fewer brackets than levels allowed can't be too deep: most bodies end here.
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        _check_depth(value, MAX_DEPTH)
    if b"\\u" in raw:
        _check_characters(value)
    return value


def write(value: Any) -> str:
    """Write what ``parse`` returned as compact JSON, every number as it was given."""
    if isinstance(value, dict):
        members = (f"{_quote(key)}:{write(member)}" for key, member in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(write(item) for item in value) + "]"
    if isinstance(value, Number):
        return value.literal
    return _quote(value)


def plain(value: Any) -> Any:
    """Return what ``parse`` returned with ordinary numbers, for those who compute with them."""
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(value) if isinstance(value, Number) else value


def _check_type(request: Request) -> None:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send JSON with the header 'Content-Type: application/json'.")
    charset = request.mimetype_params.get("charset", "utf-8")
    if charset.lower().replace("-", "") != "utf8":
        raise UnsupportedMediaType("Send JSON in UTF-8, the only charset that JSON has.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body uncompressed, without Content-Encoding.")


def read_bytes(request: Request, max_bytes: int) -> bytes:
    """Return a request's body, all of it; raises ``RequestEntityTooLarge``, ``InvalidInput``."""
    length = request.content_length
    if length is not None:
        if length > max_bytes:
            raise _too_large(max_bytes)
        whole = request.stream.read(length)
        if len(whole) < length:
            raise InvalidInput("The body is shorter than its Content-Length; send all of it.")
        return whole
    # A body in chunks does not tell its length, so it is counted.
    body = bytearray()
    try:
        while chunk := request.stream.read(_CHUNK):
            body += chunk
            if len(body) > max_bytes:
                raise _too_large(max_bytes)
    except OSError as error:
        raise InvalidInput("The chunks of the body can't be read; send it whole.") from error
    return bytes(body)


def _unique(pairs: Pairs) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise InvalidInput(f"The body names {twice[:64]!r} twice in one object; keep one of them.")
    return members


def _refuse_constant(word: str) -> NoReturn:
    raise InvalidInput(f"The body holds {word}, which is not JSON; send a number or null.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=Number
)
_quote = json.JSONEncoder(ensure_ascii=False).encode


def _check_depth(value: Any, levels: int) -> None:
    if isinstance(value, (dict, list)):
        if levels == 0:
            raise _too_deep()
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, levels - 1)


def _check_characters(value: Any) -> None:
    try:
        write(value).encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidInput(
            "The body holds half of a character, such as \\ud800 alone; send whole characters."
        ) from None


def _too_deep() -> InvalidInput:
    return InvalidInput(f"The body is nested too deeply; use at most {MAX_DEPTH} levels.")


def _too_large(max_bytes: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"The body is too large; send at most {max_bytes} bytes.")
