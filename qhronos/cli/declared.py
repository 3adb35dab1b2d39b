"""Files that say which events there shall be: YAML or JSON, one or several documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import IO, Any

from qhronos.decoding import plain
from qhronos.errors import QhronosError

FIELDS = (
    *("action", "ack_timeout", "calendars", "description", "dst", "expect", "flow", "format"),
    *("headers", "hmac_secret", "jitter", "key", "metadata", "misfire", "name", "on_excluded"),
    *("on_failure", "on_success", "order", "overlap", "retry", "schedule", "start_time", "status"),
    *("tags", "timeout", "timezone", "webhook"),
)
"""What an event may say here; ``delay`` is counted from each run anew, so it is none of them."""


def declared(files: Mapping[str, IO[bytes]]) -> dict[str, dict[str, Any]]:
    """Read files; the events by their keys, in their order.

    A document is an event, a list of events, or has them in ``events``. Raises ``QhronosError``,
    which names all that is wrong.
    """
    found: dict[str, dict[str, Any]] = {}
    wrong: list[str] = []
    for name, file in files.items():
        for place, event in _events(name, file):
            faults = list(_faults(event))
            wrong += [f"{place}: {fault}" for fault in faults]
            if not faults and event["key"] in found:
                wrong.append(f"{place}: The key {event['key']} stands above already.")
            elif not faults:
                found[event["key"]] = plain(event)
    if wrong:
        raise QhronosError("\n".join(wrong))
    return found


def _events(name: str, file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    import yaml

    number = 0
    try:
        for document in yaml.safe_load_all(file):
            for event in _of_document(document):
                number += 1
                yield f"{name}, event {number}", event
    except yaml.YAMLError as error:
        sentence = " ".join(str(error).split())
        raise QhronosError(f"{name} is no YAML: {sentence}") from None


def _of_document(document: Any) -> list[Any]:
    if document is None:
        return []
    if isinstance(document, dict) and set(document) == {"events"}:
        document = document["events"]
    return document if isinstance(document, list) else [document]


def _faults(event: Any) -> Iterator[str]:
    """Say what is wrong with an event that the service does not look at, or says less well."""
    if not isinstance(event, dict):
        yield "An event has to be a mapping of fields."
        return
    if not isinstance(event.get("key"), str):
        yield "An event needs a key, by which it is found again: a text."
    for name in event:
        if name == "delay":
            yield "A delay would begin anew with each run: give a start_time."
        elif name not in FIELDS:
            near = get_close_matches(str(name), FIELDS, 1)
            yield f"There is no field {name}." + (f" Did you mean {near[0]}?" if near else "")
