"""The keys of pages, which have the records of what ended an hour ago; see ``pages``.

They are in the form of ``keys``::

    qh:{p}:pages                      zset    page → 0; a page is named by the least id of its own
    qh:{p}:page-ends                  zset    page → when the first of its occurrences ended
    qh:{p}:packed                     hash    page → its records, see ``page_codec``
"""

from __future__ import annotations

from app.store import keys


def pages(partition: int) -> bytes:
    """The pages, in the order of ids."""
    return keys.prefix(partition) + b"pages"


def page_ends(partition: int) -> bytes:
    """The pages, by when the first of their occurrences ended; retention reads the oldest."""
    return keys.prefix(partition) + b"page-ends"


def packed(partition: int) -> bytes:
    """The records of each page."""
    return keys.prefix(partition) + b"packed"
