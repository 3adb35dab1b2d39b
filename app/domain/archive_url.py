"""Where an archive may be: what can be told of it without looking there."""

from __future__ import annotations

import re

from app.errors import InvalidInput

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")


def check_archive_url(text: str) -> None:
    """Raise ``InvalidInput`` for what is neither a directory nor a URL that keeps what it gets."""
    scheme, mark, rest = text.partition("://")
    is_short = not mark and _SCHEME.fullmatch(text.partition(":")[0]) and ":" in text
    if is_short or scheme == "memory" or (mark and not (_SCHEME.fullmatch(scheme) and rest)):
        raise InvalidInput("must be a directory, or a URL with :// as in s3://bucket/path")
