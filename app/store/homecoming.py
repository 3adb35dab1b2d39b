"""What ended before its event moved is brought to where that is now, once somebody needs it there.

It stayed behind, as the event's history does. A redelivery, and whoever adds an occurrence at a
time that there was before, need it beside its event: a script works in one partition. It is first
written there, then deleted here. Between the two it is there twice, and lists show it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from app.domain import ids
from app.store import keys
from app.store.connection import StoreClient
from app.store.fields import OccurrenceField
from app.store.page_records import ENDED
from app.store.pages import PageStore
from app.store.past import Ending, PastStore
from app.store.scripts import Argument, Scripts
from app.store.short_forms import fields_of, read_occurrences, short_forms
from app.store.whereabouts import locate


class Homecoming:
    """Brings occurrences. Every call raises ``StoreUnavailable``, and may be repeated."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts
        self._past = PastStore(client, scripts)
        self._pages = PageStore(client, scripts)

    def bring(self, occurrence_ids: Sequence[bytes], now_ms: int) -> list[bytes]:
        """Bring those of some occurrences that have ended elsewhere than their event is now.

        Returns those that were brought. Nothing is read where nothing has moved.
        """
        if not ids.moved_among() or not occurrence_ids:
            return []
        rows = read_occurrences(self._client, occurrence_ids, (OccurrenceField.EVENT,))
        event_of = {
            one: event
            for one, (event,) in zip(occurrence_ids, rows, strict=True)
            if event is not None
        }
        locate(self._client, list(set(event_of.values())))
        brought = []
        for one, event_id in event_of.items():
            home, here = ids.partition_of_event(event_id), ids.partition_of_occurrence(one)
            if home != here and ids.has_moved(event_id) and self._bring(one, here, home, now_ms):
                brought.append(one)
        return brought

    def _bring(self, one: bytes, here: int, home: int, now_ms: int) -> bool:
        """Bring one; ``False`` if it is open, or gone: it belongs where it is."""
        self._pages.unpack([one])
        fields, ended_ms = self._read(one, here)
        status = fields.get(OccurrenceField.STATUS)
        if status not in ENDED or ended_ms is None:
            return False
        is_listed = OccurrenceField.CALLBACK not in fields
        args: list[Argument] = [keys.prefix(home), now_ms, one, fields[OccurrenceField.EVENT]]
        args += [fields[OccurrenceField.SCHEDULED], status, fields.get(OccurrenceField.TAGS, b"")]
        args.append("1" if is_listed else "")
        for name, value in fields.items():
            args += [name, value]
        self._scripts("add_ended", [keys.ended(home)], args)
        self._past.delete(here, [Ending(ended_ms, one)])
        ids.found_in(home, [one])
        return True

    def _read(self, one: bytes, here: int) -> tuple[dict[str, bytes], int | None]:
        """The fields of one that has its own record, and when it ended, as retention has it."""
        if (short := short_forms(self._client, [one]).get(one)) is not None:
            fields = fields_of(one, short)
            ended = fields.get(OccurrenceField.COMPLETED)
            return fields, None if ended is None else int(ended)
        (flat,) = self._client.read_each("HGETALL", [keys.occurrence(here, one)])
        (score,) = self._client.zmscore(keys.ended(here), cast("Any", [one]))
        found = {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
        return found, None if score is None else int(score)
