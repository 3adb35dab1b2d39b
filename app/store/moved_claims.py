"""Claims of what was left behind by an event that has moved: they need that event, too."""

from __future__ import annotations

from collections.abc import Sequence

from app.store.claims import Claim
from app.store.codec import DEFINITION_FIELDS, METADATA_FIELDS, definition_from_doc, split_tags
from app.store.connection import StoreClient
from app.store.fields import EventField
from app.store.pieces import join
from app.store.whereabouts import read_events

_FIELDS = (
    *DEFINITION_FIELDS,
    *METADATA_FIELDS,
    EventField.TAGS,
    EventField.SECRET,
    EventField.HEADERS,
)
_METADATA = slice(len(DEFINITION_FIELDS), len(DEFINITION_FIELDS) + len(METADATA_FIELDS))


def complete_claims(client: StoreClient, claims: Sequence[Claim]) -> None:
    """Read the events of claims that have none; those of deleted events go on having none."""
    bare = [one for one in claims if one.definition is None]
    if not bare:
        return
    rows = read_events(client, [one.event_id for one in bare], _FIELDS)
    for claim, row in zip(bare, rows, strict=True):
        definition, metadata = join(row[: _METADATA.start]), join(row[_METADATA])
        if definition is not None:
            claim.definition = definition_from_doc(definition)
            claim.metadata_json = (metadata or b"{}").decode()
            claim.tags = claim.tags or split_tags(row[-3])
            claim.secret, claim.headers = row[-2], row[-1]
