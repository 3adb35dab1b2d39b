"""Events of before are put into the index of terms, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from app.domain import ids
from app.store import codec, keys
from app.store.connection import StoreClient
from app.store.fields import EventField
from app.store.partitions import in_slices
from app.store.pieces import join
from app.store.reading import read_hashes
from app.store.scripts import Argument, Scripts
from app.store.terms import TERM, EventTerms, host_terms

_Entry = tuple[bytes, bytes, bytes, bytes]
"""What the script is given of one event."""

FIELDS = (
    *codec.DEFINITION_FIELDS,
    *codec.METADATA_FIELDS,
    EventField.VERSION,
    EventField.TERMS,
)

TERMS = 128
"""About how many entries one call writes: so it takes the store a millisecond or two."""


def list_terms(
    client: StoreClient,
    scripts: Scripts,
    partition: int,
    event_ids: Sequence[bytes],
    terms: EventTerms | None,
) -> None:
    """List events of one partition by their hosts, and by the metadata that ``terms`` declares.

    ``None`` leaves metadata as it is. Events that change meanwhile are read again.
    """
    prefix = keys.prefix(partition)
    left = list(event_ids)
    ids.found_in(partition, left)
    while left:
        rows = read_hashes(client, map(keys.event_of, left), FIELDS)
        every = [_entry(one, row, terms) for one, row in zip(left, rows, strict=True)]
        left = []
        found = (entry for entry in every if entry is not None)
        for some in in_slices(found, TERMS, lambda entry: len(entry[2]) // TERM):
            args: list[Argument] = [prefix, *chain.from_iterable(some)]
            left += scripts("list_terms", [prefix + b"terms"], args)


def _entry(event_id: bytes, row: Sequence[bytes | None], terms: EventTerms | None) -> _Entry | None:
    """What the script is given of one event; nothing if that is gone."""
    definition, metadata, (version, before) = join(row[:4]), join(row[4:8]), row[8:]
    if definition is None or version is None:
        return None
    kept = before or b""
    if terms is not None:
        kept = terms.of_metadata((metadata or b"{}").decode())
    target = codec.definition_from_doc(definition).action.target
    return event_id, version, host_terms(target) + kept, kept
