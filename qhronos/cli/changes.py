"""What would have to change so that the events are as files say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qhronos.cli.naming import reasons
from qhronos.errors import ApiError, NotFound

if TYPE_CHECKING:
    from qhronos import Client, Event

CREATE, CHANGE, DELETE, SAME, REFUSED = "create", "change", "delete", "same", "refused"

KEPT = frozenset(
    {
        *("key", "name", "start_time", "webhook", "action", "status", "headers", "hmac_secret"),
        *("id", "created_at", "updated_at", "next_occurrence_at", "notices", "pause"),
        "has_hmac_secret",
    }
)
"""What stays if a file does not say it; any other setting goes back to its default."""

HIDDEN = ("headers", "hmac_secret")
"""What the service tells nobody, so that it can't be compared."""

DEFAULTS: Mapping[str, Any] = {"timezone": "UTC", "description": "", "metadata": {}, "tags": []}
MASK = "***"
SETS = ("tags", "calendars")


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one event. ``settings`` has the old and the new value by field."""

    key: str
    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    occurrences: Mapping[str, Any] = field(default_factory=dict)
    event: Event | None = None
    reason: str | None = None

    @property
    def raw(self) -> dict[str, Any]:
        """As JSON."""
        settings = {
            name: {"from": old, "to": new} for name, (old, new) in sorted(self.settings.items())
        }
        found = {"key": self.key, "change": self.kind, "reason": self.reason}
        return found | {"settings": settings, "occurrences": dict(self.occurrences)}


def change_for(client: Client, key: str, wanted: Mapping[str, Any], *, secrets: bool) -> Change:
    """Compare one event with what a file wants of it.

    ``secrets`` sets what can't be compared, too. The service is asked what would become of the
    occurrences, so that it refuses now what it would refuse later.
    """
    given = {name: value for name, value in wanted.items() if name != "key"}
    try:
        event = client.events.get_by_key(key)
    except NotFound:
        return _new(client, key, given)
    settings = _settings(event, given, secrets)
    if not settings:
        return Change(key, SAME, event=event)
    # A secret goes along with any change, but is not sent for itself. A call has its headers in it.
    fields = {name: new for name, (_, new) in settings.items() if name not in HIDDEN}
    fields |= {name: given[name] for name in (*HIDDEN, "action") if name in given}
    try:
        occurrences = client.events.difference(event.id, **fields)
    except ApiError as error:
        return _refused(key, error, event)
    return Change(key, CHANGE, fields, _without_secrets(settings), occurrences, event)


def _new(client: Client, key: str, given: Mapping[str, Any]) -> Change:
    asked = {name: given[name] for name in ("schedule", "timezone") if name in given}
    asked["start_time"] = given.get("start_time") or datetime.now(UTC)
    names = ("calendars", "on_excluded", "dst")
    asked |= {name: given[name] for name in names if name in given}
    try:
        outlook = client.explain(count=3, **asked)
    except ApiError as error:
        return _refused(key, error, None)
    added = [one.raw["scheduled_at"] for one in outlook.occurrences]
    settings = {name: (None, value) for name, value in given.items()}
    return Change(key, CREATE, given, _without_secrets(settings), {"added": added})


def to_prune(
    client: Client, keys: Iterable[str], tags: tuple[str, ...], prefix: str
) -> list[Change]:
    """Find events with a key that no file has, within tags or below the beginning of a key."""
    declared = set(keys)
    listed = client.events.list(tags=tags or None, match="all" if tags else None, limit=1_000)
    return [
        Change(event.key, DELETE, event=event)
        for event in listed
        if event.key is not None and event.key.startswith(prefix) and event.key not in declared
    ]


def apply(client: Client, change: Change) -> None:
    """Make it so, unless somebody else has changed the event meanwhile; raises ``ApiError``."""
    if change.event is None:
        client.events.create(**change.fields, key=change.key)
    elif change.kind == CHANGE:
        client.events.update(change.event.id, if_match=change.event.etag, **change.fields)
    elif change.kind == DELETE:
        client.events.delete(change.event.id)


def _settings(event: Event, given: Mapping[str, Any], secrets: bool) -> dict[str, tuple[Any, Any]]:
    """What differs. A default that is not said, by either, is no difference."""
    raw = event.raw
    found = {}
    for name, new in given.items():
        old = raw.get(name, DEFAULTS.get(name))
        if name in HIDDEN:
            known = _headers(raw) if name == "headers" else raw["has_hmac_secret"]
            if secrets or known != (set(new or ()) if name == "headers" else bool(new)):
                found[name] = (None, new)
        elif not _same(name, old, DEFAULTS.get(name) if new is None else new) or (
            name == "action" and secrets
        ):
            found[name] = (old, new)
    for name in raw.keys() - given.keys() - KEPT:
        if not _same(name, raw[name], DEFAULTS.get(name)):
            found[name] = (raw[name], None)
    return found


def _headers(raw: Mapping[str, Any]) -> set[str]:
    return set(raw.get("headers") or raw["action"]["params"].get("headers") or ())


def _same(name: str, old: Any, new: Any) -> bool:
    if name in SETS:
        return set(old or ()) == set(new or ())
    if name == "start_time" and isinstance(old, str) and isinstance(new, str):
        return _moment(old) == _moment(new)
    if name == "action":
        return bool(_masked(old) == _masked(new))
    return bool(old == new)


def _masked(action: Any) -> Any:
    """An action as the service answers it: the values of its headers are told to nobody."""
    params = action.get("params") if isinstance(action, dict) else None
    if not isinstance(params, dict) or not isinstance(params.get("headers"), dict):
        return action
    return {**action, "params": {**params, "headers": dict.fromkeys(params["headers"], MASK)}}


def _moment(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


def _without_secrets(settings: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    shown = {}
    for name, (old, new) in settings.items():
        shown[name] = (None, MASK) if name in HIDDEN else (old, new)
        if name == "action":
            shown[name] = (_masked(old), _masked(new))
    return shown


def _refused(key: str, error: ApiError, event: Event | None) -> Change:
    return Change(key, REFUSED, event=event, reason=reasons(error))
