"""What must not be read in a log: known secrets, and what looks like one.

A secret stands in a text in many forms: as it is, as Python or JSON quote it, as a URL spells it.
Of a URL nothing is shown that may be a secret: no user, no password, no query and no fragment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from app.domain.secret import MASK, SecretText

SHORTEST = 4
"""A password of a URL that is shorter is not looked for by itself: it is in every other word."""

_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie"}
"""Whatever these have in a mapping is a secret."""

_PATTERNS = (
    # Authorization: Bearer …, in a header, a mapping or a sentence; and cookies.
    (re.compile(r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?)(?:[a-z]+\s+)?[^\s\"',;\\]+"), r"\1***"),
    (re.compile(r"(?i)\b((?:set-)?cookie[\"']?\s*[:=]\s*[\"']?)[^\"'\r\n]+"), r"\1***"),
    (re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}"), r"\1***"),
    (re.compile(r"\b([Bb]asic\s+)(?=[a-z]*[A-Z0-9+/=])[A-Za-z0-9+/=]{8,}"), r"\1***"),
    # Signing secrets, made master tokens, JWTs and what is encrypted, wherever they stand.
    (re.compile(r"\b(whsec_|whsk_|qhr_)[A-Za-z0-9+/=_-]+"), r"\1***"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), MASK),
    (re.compile(r"\bgAAAA[A-Za-z0-9_=-]{20,}"), MASK),
    # The user and password of a URL, its query and its fragment; the query of a path.
    (re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#\"\\]+@"), r"\1***@"),
    (re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]*://[^\s?#\"'<>]*[?#])[^\s\"'<>]+"), r"\1***"),
    (re.compile(r"(?<=[^\s?])\?[^\s\"'<>?=]{1,64}=[^\s\"'<>]*"), "?***"),
)


class Masker:
    """Replaces what must not be read."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        """``secrets`` are masked wherever they stand, besides what looks like a secret."""
        parts = {part for secret in secrets for part in (secret, *passwords(secret)) if part}
        forms = {form for part in parts for form in _forms(part)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """Return the text with every secret in it replaced."""
        if self._known:
            text = self._known.sub(MASK, text)
        for pattern, mask in _PATTERNS:
            text = pattern.sub(mask, text)
        return text

    def whatever(self, value: Any) -> Any:
        """Mask a value of a log line, however deep: secrets by their type, and all texts."""
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, Mapping):
            return {str(self.whatever(key)): self._of(key, each) for key, each in value.items()}
        if isinstance(value, (list, tuple, AbstractSet)):
            return [self.whatever(each) for each in value]
        if isinstance(value, BaseException):
            return self(masker_of(value)(str(value)))
        return MASK if isinstance(value, SecretText) else self(str(value))

    def _of(self, key: object, value: Any) -> Any:
        return MASK if str(key).lower() in _HEADERS else self.whatever(value)


def masker_of(error: BaseException | None) -> Masker:
    """What masks the secrets that an error and its causes were made with, known by their type."""
    found, seen = list[str](), set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        found += [str(one) for one in error.args if isinstance(one, SecretText)]
        error = error.__cause__ or error.__context__
    return Masker(found)


def passwords(secret: str) -> Iterator[str]:
    """The password of a URL, as the URL spells it and as it is."""
    try:
        password = urlsplit(secret).password or ""
    except ValueError:
        return
    if len(password) >= SHORTEST:
        yield from (password, unquote(password))


def _forms(secret: str) -> Iterator[str]:
    """A secret as it may stand in a text: bare, in a URL, or quoted by Python or JSON."""
    yield from (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))
    yield from (json.dumps(secret, ensure_ascii=given)[1:-1] for given in (True, False))
    octets = secret.encode("utf-8", "backslashreplace")
    quoted = (
        secret.replace("\\", "\\\\"),
        repr(str(secret) + "'\"")[1:-4].replace("\\'", "'"),
        ascii(secret + "'\"")[1:-4].replace("\\'", "'"),
        repr(octets + b"'\"")[2:-4].replace("\\'", "'"),
    )
    # (Whether this mark is escaped depends on what else is quoted with it.)
    yield from (form for text in quoted for form in (text, text.replace("'", "\\'")))
