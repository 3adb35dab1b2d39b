"""Events of before are put into the index of terms, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Sequence

from app.store import codec, keys
from app.store.connection import StoreClient
from app.store.fields import EventField
from app.store.pieces import join
from app.store.reading import read_hashes
from app.store.scripts import Argument, Scripts
from app.store.terms import EventTerms, host_terms

FIELDS = (
    *codec.DEFINITION_FIELDS,
    *codec.METADATA_FIELDS,
    EventField.VERSION,
    EventField.TERMS,
)


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
    while left:
        args: list[Argument] = [prefix]
        rows = read_hashes(client, map(keys.event_of, left), FIELDS)
        for event_id, row in zip(left, rows, strict=True):
            args += _arguments(event_id, row, terms)
        left = list(scripts("list_terms", [prefix + b"terms"], args)) if len(args) > 1 else []


def _arguments(
    event_id: bytes, row: Sequence[bytes | None], terms: EventTerms | None
) -> list[Argument]:
    """What the script is given of one event; nothing if that is gone."""
    definition, metadata, (version, before) = join(row[:4]), join(row[4:8]), row[8:]
    if definition is None or version is None:
        return []
    kept = before or b""
    if terms is not None:
        kept = terms.of_metadata((metadata or b"{}").decode())
    target = codec.definition_from_doc(definition).action.target
    return [event_id, version, host_terms(target) + kept, kept]
