"""Alerts in the store: their definitions, with what must not be read sealed beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, cast

from redis.client import Pipeline
from redis.exceptions import WatchError

from app.domain.alert_groups import AlertGroup, Sends
from app.domain.alerts import Alert, AlertType, Condition
from app.store.alert_keys import ALERTS, GROUPS, SEALED, SENDS
from app.store.codec import dump_json
from app.store.connection import StoreClient

_ALL = ALERTS.decode()
_SEALED, _GROUPS, _SENDS = SEALED.decode(), GROUPS.decode(), SENDS.decode()


class AlertStore:
    """Reads and writes alerts; there are never many. Every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient, note: Callable[[bytes], None] = lambda _: None) -> None:
        """``note`` is given each encrypted value before it is written; see ``key_notes``."""
        self._client = client
        self._note = note

    def count(self) -> int:
        """How many there are."""
        return int(self._client.hlen(_ALL))

    def all(self) -> list[Alert]:
        """Read every one, by the time of its creation."""
        pipe = self._client.pipeline(transaction=False)
        pipe.hgetall(_ALL)
        pipe.hgetall(_SEALED)
        rows, sealed = cast("list[dict[bytes, bytes]]", pipe.execute())
        found = [_read(one.decode(), raw, sealed.get(one)) for one, raw in rows.items()]
        return sorted(found, key=lambda one: (one.created_ms, one.id))

    def get(self, alert_id: str) -> Alert | None:
        """Read one."""
        pipe = self._client.pipeline(transaction=False)
        pipe.hget(_ALL, alert_id)
        pipe.hget(_SEALED, alert_id)
        raw, sealed = pipe.execute()
        return None if raw is None else _read(alert_id, raw, sealed)

    def put(self, alert: Alert) -> None:
        """Write one that is new."""
        with self._client.pipeline() as pipe:
            self._write(pipe, alert)

    def replace(self, before: Alert, after: Alert) -> bool:
        """Write a change of one; returns ``False`` if it is not as it was read, or is gone."""
        with self._client.pipeline() as pipe:
            pipe.watch(ALERTS, SEALED)  # type: ignore[no-untyped-call]
            raw, sealed = pipe.hget(_ALL, before.id), pipe.hget(_SEALED, before.id)
            if raw is None or _read(before.id, cast("bytes", raw), cast("Any", sealed)) != before:
                return False
            pipe.multi()
            try:
                self._write(pipe, after)
            except WatchError:
                return False
        return True

    def _write(self, pipe: Pipeline, alert: Alert) -> None:
        if alert.sealed is not None:
            self._note(alert.sealed)
        pipe.hset(_ALL, alert.id, dump_json(_stored(alert)))
        if alert.sealed is None:
            pipe.hdel(_SEALED, alert.id)
        else:
            pipe.hset(_SEALED, alert.id, cast("str", alert.sealed))
        pipe.execute()

    def delete(self, alert_id: str) -> bool:
        """Forget one and all that it has to tell; returns whether there was one."""
        pipe = self._client.pipeline()
        for name in (_ALL, _SEALED, _GROUPS, _SENDS):
            pipe.hdel(name, alert_id)
        return bool(pipe.execute()[0])

    def forget_gone(self, alert_ids: Iterable[str]) -> None:
        """Forget what was noted of some alerts after they were deleted; others stay."""
        for one in alert_ids:
            if not self._client.hexists(_ALL, one):
                self.delete(one)

    def sealed(self) -> dict[str, bytes]:
        """What is encrypted, by alert."""
        rows = cast("dict[bytes, bytes]", self._client.hgetall(_SEALED))
        return {one.decode(): raw for one, raw in rows.items()}

    def reseal(self, alert_id: str, before: bytes, after: bytes) -> bool:
        """Put another form of the same in its place, if it is still as it was read."""
        with self._client.pipeline() as pipe:
            pipe.watch(SEALED)  # type: ignore[no-untyped-call]
            if pipe.hget(_SEALED, alert_id) != before:
                return False
            pipe.multi()
            pipe.hset(_SEALED, alert_id, cast("str", after))
            try:
                pipe.execute()
            except WatchError:
                return False
        return True

    def sends_of(self, alert_id: str) -> Sends:
        """What became of an alert's notifications."""
        raw = cast("bytes | None", self._client.hget(_SENDS, alert_id))
        return read_sends(raw)

    def all_sends(self) -> dict[str, Sends]:
        """The same of all alerts that have sent or tried to."""
        rows = cast("dict[bytes, bytes]", self._client.hgetall(_SENDS))
        return {one.decode(): read_sends(raw) for one, raw in rows.items()}

    def groups(self) -> dict[str, AlertGroup]:
        """What alerts have yet to tell."""
        rows = cast("dict[bytes, bytes]", self._client.hgetall(_GROUPS))
        return {one.decode(): AlertGroup.load(json.loads(raw)) for one, raw in rows.items()}

    def put_sends(self, alert_id: str, sends: Sends) -> None:
        """Note what became of a notification, if the alert is still there."""
        if self._client.hexists(_ALL, alert_id):
            self._client.hset(_SENDS, alert_id, dump_sends(sends).decode())


def dump_sends(sends: Sends) -> bytes:
    """Write what became of notifications as JSON."""
    return dump_json({name: getattr(sends, name) for name in Sends.__slots__})


def read_sends(raw: bytes | None) -> Sends:
    """Read what ``dump_sends`` has written; nothing: none was sent."""
    if raw is None:
        return Sends()
    stored = json.loads(raw)
    return Sends(**{**stored, "times": tuple(stored["times"])})


def _stored(alert: Alert) -> dict[str, Any]:
    return {
        "name": alert.name,
        "type": alert.kind,
        "on": list(alert.conditions),
        "tags": list(alert.tags),
        "to": list(alert.to),
        "origin": alert.origin,
        "has_secret": alert.has_secret,
        "per_hour": alert.per_hour,
        "lag": alert.lag_ms,
        "created": alert.created_ms,
        "updated": alert.updated_ms,
    }


def _read(alert_id: str, raw: bytes, sealed: bytes | None) -> Alert:
    stored = json.loads(raw)
    return Alert(
        alert_id,
        stored["name"],
        AlertType(stored["type"]),
        tuple(Condition(one) for one in stored["on"]),
        tuple(stored["tags"]),
        tuple(stored["to"]),
        stored["origin"],
        stored["has_secret"],
        stored["per_hour"],
        stored["lag"],
        stored["created"],
        stored["updated"],
        sealed,
    )
