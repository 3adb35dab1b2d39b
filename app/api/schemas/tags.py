"""Tags as people write them, brought to the one spelling that is stored and compared."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from app.domain.event import MAX_TAGS
from app.domain.lines import check_line
from app.errors import InvalidInput

MAX_LENGTH = 64


def read_tag(text: object) -> str:
    """Return a tag trimmed and in Unicode's form NFC; raises ``InvalidInput``."""
    if not isinstance(text, str):
        raise InvalidInput("must be text")
    tag = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(tag) <= MAX_LENGTH:
        raise InvalidInput(f"must be 1 to {MAX_LENGTH} characters long")
    if "," in tag:
        raise InvalidInput("must not contain a comma")
    check_line(tag)
    return tag


def read_tags(texts: Iterable[object]) -> tuple[str, ...]:
    """Return tags without repetitions, in order; raises ``InvalidInput`` naming the wrong one."""
    tags: dict[str, None] = {}
    for index, text in enumerate(texts):
        try:
            tags[read_tag(text)] = None
        except InvalidInput as error:
            raise InvalidInput.field(str(index), error.message) from None
        if len(tags) > MAX_TAGS:
            raise InvalidInput(f"must be at most {MAX_TAGS} tags")
    return tuple(tags)
