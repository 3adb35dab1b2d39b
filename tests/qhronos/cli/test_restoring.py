"""An export, imported into another instance, makes the same again, and once.

The commands in qhronos/cli/commands/export.py and importing.py, and what they do, in
qhronos/cli/exporting.py and restoring.py and
event_restoring.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from qhronos import Client
from qhronos.cli import exporting
from qhronos.cli.editing import READ_ONLY
from qhronos.cli.event_restoring import Restored
from qhronos.cli.restoring import restore
from qhronos.errors import Unreachable
from tests.docs.conftest import application
from tests.qhronos.cli.conftest import Run
from tests.qhronos.conftest import TOKEN, URL

HOOK = "http://127.0.0.1:9/"


@pytest.fixture(autouse=True)
def _empty(client: Client) -> Iterator[None]:
    """Each test has the instance for itself."""
    yield
    _clear(client)


def _clear(client: Client) -> None:
    for event in client.events.list():
        client.events.delete(event.id)
    for calendar in client.calendars.list():
        client.calendars.delete(calendar.name)


def _filled(client: Client) -> None:
    client.calendars.put("office", dates=["2030-12-24"], weekdays=["SA"])
    client.flows.put("mail", rate="10/m")
    past = {"start_time": "2026-01-05T09:00:00", "timezone": "Europe/Berlin"}
    client.events.create(name="cron", webhook=HOOK, key="k", schedule={"cron": "0 9 * * *"},
                         calendars=["office"], flow={"key": "mail"}, metadata={"n": 1}, **past)  # fmt: skip
    client.events.create(name="every", webhook=HOOK, schedule={"every": "15m"}, tags=["a"], **past)
    client.events.create(name="once", webhook=HOOK, start_time="2031-01-01T00:00:00Z")
    client.events.create(name="secret", webhook=HOOK, delay="90d", key="s", hmac_secret="s" * 32,
                         headers={"Authorization": "Bearer hidden"})  # fmt: skip
    waits = client.events.create(name="waits", webhook=HOOK, delay="90d", key="w")
    client.events.pause(waits.id, until="2031-01-01T00:00:00Z", note="audit")
    client.tokens.create(sub="x", access="read", scope=["a"], expires_at="2030-01-01T00:00:00Z")


def _state(client: Client) -> dict[str, Any]:
    """All that an event is; without its key, which those without one get."""
    kept = {}
    for event in client.events.list():
        what = {name: one for name, one in event.raw.items() if name not in READ_ONLY | {"key"}}
        kept[event.name] = what | {
            "next": event.next_occurrence_at,
            "pause": event.raw.get("pause"),
        }
    return kept


def test_an_export_makes_the_same_again_and_once(on_app: Run, client: Client, home: Path) -> None:
    _filled(client)
    before = _state(client)
    written = on_app("export", "all.jsonl")
    assert (written.code, "5 events, 1 calendar," in written.err) == (0, True), written
    assert "hidden" not in (home / "all.jsonl").read_text()
    assert (home / "all.jsonl").stat().st_mode & 0o077 == 0
    assert on_app("export", "all.jsonl").code == 2
    assert on_app("export", "all.jsonl", "--resume").code == 5
    here = on_app("import", "jsonl", "all.jsonl", "--json")
    assert (here.code, here.json["outcomes"]["event there already"]) == (0, 5)
    assert on_app("import", "jsonl", "all.jsonl", "--update").code == 0
    assert _state(client) == before

    _clear(client)
    first = on_app("import", "jsonl", "all.jsonl", "--json")
    assert (first.code, first.json["refused"]) == (0, []), first
    after = _state(client)
    secret = after.pop("secret")
    assert secret["status"] == "paused"
    assert secret["pause"]["note"] == (
        "Imported without hmac_secret, Authorization: give them, then resume."
    )
    assert after == {name: one for name, one in before.items() if name != "secret"}
    again = on_app("import", "jsonl", "all.jsonl", "--json").json["outcomes"]
    assert (again["event there already"], again.get("event made")) == (5, None)
    client.events.put("k", description="changed")
    changed = on_app("import", "jsonl", "all.jsonl", "--update", "--json")
    assert changed.json["outcomes"]["event updated"] == 5
    after = _state(client)
    assert after.pop("secret") == secret
    assert after == {name: one for name, one in before.items() if name != "secret"}


def test_instances_of_other_partitions_take_each_others_exports(
    on_app: Run, client: Client, home: Path, store_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There and back again, all but the secrets is the same."""
    _filled(client)
    client.events.delete_by_key("s")
    before = _state(client)
    assert on_app("export", "one.jsonl").code == 0
    with application(f"{store_server}?db=1", PARTITIONS="3") as three:
        transport = httpx.WSGITransport(app=three)
        with monkeypatch.context() as patch, Client(URL, TOKEN, transport=transport) as there:
            patch.setattr("qhronos.cli.session.make_client",
                          lambda *_: Client(URL, TOKEN, transport=transport))  # fmt: skip
            assert on_app("import", "jsonl", "one.jsonl").code == 0
            assert _state(there) == before
            assert on_app("export", "three.jsonl").code == 0
    _clear(client)
    assert on_app("import", "jsonl", "three.jsonl").code == 0
    assert _state(client) == before


OLDER = Path(__file__).with_name("export_of_0f1f166.jsonl")


def test_an_export_of_an_earlier_version_is_imported(on_app: Run, client: Client) -> None:
    """The file is one that the commit of its name has written."""
    ended = on_app("import", "jsonl", str(OLDER), "--json")
    assert (ended.code, ended.json) == (0, {
        "outcomes": {
            "calendar made": 1, "flow made": 2, "token left out": 1, "event made": 4,
        },
        "refused": [],
    }), ended  # fmt: skip
    found = {event.key: event for event in client.events.list()}
    assert {key: event.status for key, event in found.items()} == {
        "payroll": "active", "id-01a218c6-4419-71d2-8002-ed21c8f89c01": "active",
        "secret": "paused", "monthly": "paused",
    }  # fmt: skip
    payroll = found["payroll"].raw
    assert (payroll["schedule"], payroll["calendars"], payroll["flow"], payroll["retry"]) == (
        {"cron": "30 8 * * MON-FRI"}, ["office"], {"key": "post"}, {"attempts": 3},
    )  # fmt: skip
    assert client.flows.get("post").paused


def test_what_a_tag_signs_waits_until_the_tag_has_a_secret(
    on_app: Run, client: Client, home: Path
) -> None:
    """An event with a secret of its own needs none; an import that goes on knows it, too."""
    client.signing_secrets.put("signed")
    for key, more in {"a": {}, "b": {"hmac_secret": "s" * 32}, "c": {"tags": ["other"]}}.items():
        client.events.create(
            {"tags": ["signed"], **more}, name=key, webhook=HOOK, delay="90d", key=key
        )
    exported = on_app("export", "all.jsonl")
    assert "1 tag with a signing secret" in exported.err
    client.signing_secrets.delete("signed")
    lines = (home / "all.jsonl").read_text().splitlines()
    first = next(n for n, line in enumerate(lines, 1) if '"type": "event"' in line)
    for words, left_out in (((), 1), (("--from-line", f"{first}"), None)):
        _clear(client)
        ended = on_app("import", "jsonl", "all.jsonl", "--json", *words)
        assert (ended.code, ended.json["outcomes"].get("secret left out")) == (0, left_out)
        assert "'qhronos secrets set signed', then resume its events" in ended.err
        found = {event.key: event for event in client.events.list()}
        assert [found[key].status for key in "abc"] == ["paused", "paused", "active"]
        assert found["a"].raw["pause"]["note"] == (
            "Imported without the secret of the tag signed: give them, then resume."
        )
        assert "hmac_secret: give" in found["b"].raw["pause"]["note"]
    client.signing_secrets.put("signed")
    _clear(client)
    ended = on_app("import", "jsonl", "all.jsonl", "--json")
    assert ended.json["outcomes"]["secret there already"] == 1
    assert client.events.get_by_key("a").status == "active"
    client.signing_secrets.delete("signed")


def test_an_alert_is_made_again_unless_its_address_is_a_secret(
    on_app: Run, client: Client, home: Path
) -> None:
    """What is there already stays, or is changed without its address being known."""
    chat = {"type": "slack", "on": ["failing"], "url": "https://hooks.example.com/hidden"}
    made = client.alerts.create(name="chat", tags=["a"], **chat)
    assert "1 alert." in on_app("export", "all.jsonl").err
    assert "hidden" not in (home / "all.jsonl").read_text()
    client.alerts.update(made.id, per_hour=7)
    for words, outcome, per_hour in (
        ((), "there already", 7),
        (("--update",), "updated", made.per_hour),
    ):
        ended = on_app("import", "jsonl", "all.jsonl", "--json", *words)
        assert (ended.code, ended.json["outcomes"][f"alert {outcome}"]) == (0, 1), ended
        assert client.alerts.get(made.id).per_hour == per_hour
    client.alerts.delete(made.id)
    ended = on_app("import", "jsonl", "all.jsonl")
    assert "The alert chat is not made: its address is a secret." in ended.err
    mail = {
        "type": "alert",
        "alert": {"name": "m", "type": "mail", "on": ["failing"], "to": ["a@b.example"]},
    }
    lines = [{"type": "qhronos-export", "format": 1}, mail, {"type": "end"}]
    (home / "mail.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    refused = on_app("import", "jsonl", "mail.jsonl")
    assert (refused.code, "Line 2: type: can't be mail: this instance has no" in refused.err) == (
        5,
        True,
    )


def test_an_alert_by_mail_is_made_where_there_is_a_mail_server(store_server: str) -> None:
    record = {"alert": {"name": "m", "type": "mail", "on": ["failing"], "to": ["a@b.example"]}}
    lines = [{"type": "qhronos-export", "format": 1}, {"type": "alert", **record}, {"type": "end"}]
    mail = {"SMTP_URL": "smtp://mail.example:25", "MAIL_FROM": "q@b.example"}
    with application(f"{store_server}?db=2", **mail) as app:
        transport = httpx.WSGITransport(app=app)
        with Client(URL, TOKEN, transport=transport) as client:
            for outcome in ("made", "there already"):
                state = Restored()
                written = [json.dumps(line).encode() for line in lines]
                restore(client, written, state, from_line=1, update=False, seen=lambda _: None)
                assert dict(state.outcomes) == {f"alert {outcome}": 1}
            (alert,) = client.alerts.list()
            assert (alert.name, alert.to) == ("m", ("a@b.example",))


def test_a_broken_export_goes_on_and_an_import_says_how(
    on_app: Run, client: Client, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PAGE", 2)
    for number in range(5):
        client.events.create(name=f"e{number}", webhook=HOOK, delay="90d", key=f"e{number}")
    pages = Client.event_pages

    def cut_off(self: Client, **filters: Any) -> Iterator[Any]:
        yield next(iter(pages(self, **filters)))
        raise Unreachable("Gone.")

    with monkeypatch.context() as patch:
        patch.setattr(Client, "event_pages", cut_off)
        ended = on_app("export", "all.jsonl")
    assert (ended.code, "qhronos export all.jsonl --resume" in ended.err) == (6, True)
    with (home / "all.jsonl").open("a") as file:
        file.write('{"type": "event", "half')
    refused = on_app("import", "jsonl", "all.jsonl")
    assert (refused.code, "was not written to its end" in refused.err) == (5, True)
    assert on_app("export", "all.jsonl", "--resume").code == 0
    records = [json.loads(line) for line in (home / "all.jsonl").read_text().splitlines()]
    assert [one["event"]["name"] for one in records if one["type"] == "event"] == [
        *("e4", "e3", "e2", "e1", "e0"),
    ]
    assert (records[-1]["type"], records[-1]["counts"]["event"]) == ("end", 5)


def test_an_export_that_could_not_begin_leaves_no_file(run: Run, home: Path) -> None:
    ended = run("export", "all.jsonl")
    assert (ended.code, (home / "all.jsonl").exists()) == (3, False)
    assert run("export", "none/all.jsonl").code == 3


def test_lines_that_are_wrong_are_named_and_the_others_imported(
    on_app: Run, client: Client, home: Path
) -> None:
    def event(number: int, **fields: Any) -> dict[str, Any]:
        action = {"type": "webhook", "params": {"url": HOOK}}
        made = {
            "name": "n",
            "action": action,
            "key": f"l{number}",
            "start_time": "2031-01-01T00:00:00Z",
        }
        return {"type": "event", "id": f"{number}", "event": made | fields}

    lines: list[Any] = [
        {"type": "qhronos-export", "format": 1}, event(1), event(1), event(2, colour="red"),
        {"type": "event"}, {"type": "token", "token": {}}, {"type": "calendar", "calendar": {}},
        event(3), {"type": "end"},
    ]  # fmt: skip
    (home / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ended = on_app("import", "jsonl", "a.jsonl", "--json")
    assert (ended.code, [one["line"] for one in ended.json["refused"]]) == (5, [3, 5, 7, 4])
    assert ended.json["outcomes"] == {"event made": 2, "token left out": 1}
    lines[0] = {"type": "qhronos-export", "format": 2}
    for text in (json.dumps(lines[0]) + '\n{"type": "end"}\n', '{"type": "end"}\n'):
        (home / "a.jsonl").write_text(text)
        assert on_app("import", "jsonl", "a.jsonl").code == 5


def test_an_import_that_is_cut_off_says_from_which_line_it_goes_on(
    on_app: Run, client: Client, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qhronos.cli.restoring.BATCH", 2)
    for number in range(3):
        client.events.create(name=f"e{number}", webhook=HOOK, delay="90d", key=f"e{number}")
    on_app("export", "all.jsonl")
    _clear(client)
    create_many, calls = type(client.events).create_many, iter([True])

    def cut_off(self: Any, events: Any) -> Any:
        if next(calls, False):
            return create_many(self, events)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(client.events), "create_many", cut_off)
        ended = on_app("import", "jsonl", "all.jsonl")
    assert ended.code == 130
    assert "--from-line " in ended.err, ended
    line = ended.err.split("--from-line ")[1].split()[0]
    done = on_app("import", "jsonl", "all.jsonl", "--from-line", line, "--json")
    assert done.code == 0
    assert len(list(client.events.list())) == 3
