"""Events as files say: qhronos/cli/commands/apply.py, declared.py and changes.py in qhronos/cli."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from docs.generate.api_reference import openapi_document
from qhronos import Client
from qhronos.cli import changes
from qhronos.cli.declared import FIELDS, declared
from qhronos.errors import QhronosError, StaleVersion
from tests.qhronos.cli.conftest import Run

HOOK = "http://127.0.0.1:9/"
FULL = {
    "key": "full", "name": "full", "webhook": HOOK, "timezone": "Europe/Berlin",
    "start_time": "2031-01-06T09:00:00+01:00", "description": "d", "metadata": {"a": [1, {"b": None}]},
    "schedule": {"frequency": "weekly", "by_day": ["FR", "MO"], "interval": 2, "count": 9},
    "tags": ["b", "a"], "retry": {"attempts": 3}, "flow": {"key": "f", "rate": "10/m"}, "timeout": "5s",
    "jitter": "60s", "overlap": "skip", "misfire": {"policy": "skip"}, "on_failure": HOOK,
    "hmac_secret": "s" * 32, "headers": {"X-A": "hidden"}, "format": "cloudevents",
}  # fmt: skip


def read(text: str) -> dict[str, Any]:
    return declared({"f": io.BytesIO(text.encode())})


def write(home: Path, *events: dict[str, Any]) -> None:
    (home / "e.yaml").write_text(json.dumps(list(events)))


def test_documents_are_events_lists_or_have_events() -> None:
    text = (
        "key: a\n---\n- key: b\n- {key: c}\n---\nevents: [{key: d, start_time: 2031-01-01}]\n---\n"
    )
    assert list(read(text)) == ["a", "b", "c", "d"]
    assert read(text)["d"]["start_time"] == "2031-01-01"


def test_all_that_is_wrong_is_named_with_what_may_be_meant() -> None:
    with pytest.raises(QhronosError) as error:
        read("[{key: a, webhok: x}, {name: n}, {key: c, delay: 1h}, 7, {key: d}, {key: d}]")
    assert str(error.value).splitlines() == [
        "f, event 1: There is no field webhok. Did you mean webhook?",
        "f, event 2: An event needs a key, by which it is found again: a text.",
        "f, event 3: A delay would begin anew with each run: give a start_time.",
        "f, event 4: An event has to be a mapping of fields.",
        "f, event 6: The key d stands above already.",
    ]
    with pytest.raises(QhronosError, match=r"f is no YAML: .*line 1"):
        read("a: [")


def test_the_fields_are_those_of_the_service() -> None:
    properties = openapi_document()["components"]["schemas"]["EventCreate"]["properties"]
    writable = {name for name, one in properties.items() if not one.get("readOnly")}
    assert set(FIELDS) == writable - {"delay"}


def test_a_file_is_applied_until_nothing_differs(on_app: Run, client: Client, home: Path) -> None:
    write(home, FULL)
    dry = on_app("apply", "-f", "e.yaml", "--dry-run", "--json")
    assert (dry.code, dry.json[0]["change"], len(dry.json[0]["occurrences"]["added"])) == (
        1,
        "create",
        3,
    )
    assert "hidden" not in dry.out
    assert "s" * 32 not in dry.out
    assert on_app("apply", "-f", "e.yaml").code == 2  # nobody can be asked here
    assert on_app("apply", "-f", "e.yaml", "--yes").code == 0
    again = on_app("apply", "-f", "e.yaml", "--dry-run", "--json")
    assert (again.code, again.json[0]["change"]) == (0, "same"), again.json
    event = client.events.get_by_key("full")
    client.events.pause(event.id)
    kept = {name: FULL[name] for name in ("key", "name", "webhook", "timezone", "tags")}
    write(home, {**kept, "schedule": {**FULL["schedule"], "interval": 1}})
    shown = on_app("apply", "-f", "e.yaml", "--dry-run")
    assert "~ full: change" in shown.out
    assert 'schedule: {"frequency": "weekly"' in shown.out
    assert '    retry: {"attempts": 3} -> -' in shown.out
    assert on_app("apply", "-f", "e.yaml", "--yes").code == 0
    assert on_app("apply", "-f", "e.yaml", "--dry-run").out == "1 unchanged.\n"
    raw = client.events.get_by_key("full").raw
    assert raw.keys().isdisjoint({"retry", "flow", "timeout", "jitter", "on_failure"})
    assert (raw["status"], raw["has_hmac_secret"], raw["headers"]) == (
        "paused",
        True,
        {"X-A": "***"},
    )
    client.events.delete(event.id)


def test_headers_of_a_call_are_neither_shown_nor_a_difference(
    on_app: Run, client: Client, home: Path
) -> None:
    params = {"url": HOOK, "method": "PUT", "headers": {"X-A": "hidden"}, "body": {"a": 1}}
    action = {"type": "apicall", "params": params}
    event = {"key": "c", "name": "c", "action": action, "start_time": "2031-01-01T00:00:00Z"}
    write(home, event)
    made = on_app("apply", "-f", "e.yaml", "--yes")
    assert (made.code, "hidden" in made.out) == (0, False), made
    assert on_app("apply", "-f", "e.yaml", "--dry-run").code == 0
    secrets = on_app("apply", "-f", "e.yaml", "--dry-run", "--secrets")
    assert (secrets.code, "hidden" in secrets.out) == (1, False)
    more = changes.change_for(client, "c", event | {"tags": ["t"]}, secrets=False)
    assert (more.settings.keys(), more.fields["action"]) == ({"tags"}, action)
    client.events.delete_by_key("c")


def test_occurrences_that_would_change_are_shown(on_app: Run, client: Client, home: Path) -> None:
    event = {"key": "o", "name": "o", "webhook": HOOK, "start_time": "2031-01-01T00:00:00Z"}
    client.events.create(**event)
    write(home, event | {"start_time": "2031-01-02T00:00:00Z"})
    shown = on_app("apply", "-f", "e.yaml", "--dry-run").out
    assert "start_time: 2031-01-01T00:00:00Z -> 2031-01-02T00:00:00Z" in shown
    assert "occurrences " in shown
    client.events.delete_by_key("o")


def test_pruning_stays_within_a_tag_or_the_beginning_of_a_key(
    on_app: Run, client: Client, home: Path
) -> None:
    event = {"webhook": HOOK, "start_time": "2031-01-01T00:00:00Z"}
    for key, tag in (("a-1", "x"), ("a-2", "x"), ("b-1", "x"), ("a-3", "y")):
        client.events.create(event, key=key, name=key, tags=[tag])
    keyless = client.events.create(event, name="keyless", tags=["x"])
    write(home, event | {"key": "a-1", "name": "a-1", "tags": ["x"]})
    assert on_app("apply", "-f", "e.yaml", "--prune", "--yes").code == 2
    assert on_app("apply", "-f", "e.yaml", "--tag", "x", "--yes").code == 2
    words = ("apply", "-f", "e.yaml", "--prune", "--yes", "--json")
    pruned = on_app(*words, "--tag", "x", "--key-prefix", "a-").json
    assert [(one["key"], one["change"]) for one in pruned] == [("a-1", "same"), ("a-2", "delete")]
    on_app(*words, "--tag", "x")
    left = {one.name for one in client.events.list()}
    assert left == {"a-1", "a-3", "keyless"}
    for one in (client.events.get_by_key("a-1"), client.events.get_by_key("a-3"), keyless):
        client.events.delete(one.id)


def test_what_is_refused_changes_nothing_and_what_is_lost_meanwhile_is_named(
    on_app: Run, client: Client, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"key": "g", "name": "g", "webhook": HOOK, "start_time": "2031-01-01T00:00:00Z"}
    write(home, good, good | {"key": "bad", "schedule": {"cron": "*/90 * * * *"}})
    ended = on_app("apply", "-f", "e.yaml", "--yes")
    assert (ended.code, "! bad: refused" in ended.out) == (5, True)
    assert not list(client.events.list(name_prefix="g"))

    def stale(*_: Any, **__: Any) -> None:
        raise StaleVersion("no", status=412)

    write(home, good)
    monkeypatch.setattr(type(client.events), "create", stale)
    ended = on_app("apply", "-f", "e.yaml", "--yes")
    assert (ended.code, ended.err) == (
        5,
        "g: Somebody else has changed it meanwhile: run this again.\n",
    )
