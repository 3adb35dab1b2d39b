"""What commands print and end with, for people and for programs.

The groups in qhronos/cli/commands, and what they share: session.py, output.py, waiting.py,
event_options.py, editing.py and tailing.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest

from qhronos import models
from qhronos.cli import output, tailing, waiting
from qhronos.cli.commands.explain import draft
from qhronos.cli.commands.tokens import expiry
from qhronos.errors import Unauthenticated, Unreachable
from tests.qhronos.cli.conftest import Run

HOOK = ("--webhook", "http://127.0.0.1:9/")


def test_an_event_lives_by_its_key(on_app: Run, tag: str) -> None:
    made = on_app("events", "create", "--name", "one", "--delay", "1h", *HOOK, "--key", "k-1",
                  "--tag", tag, "--metadata", '{"n": 1}', "--set", 'timeout="5s"', "--json")  # fmt: skip
    assert made.code == 0, made
    assert (made.json["metadata"], made.json["timeout"]) == ({"n": 1}, "5s")
    listed = on_app("events", "list", "--tag", tag)
    assert listed.out.splitlines()[0].split() == [
        "ID",
        "NAME",
        "STATUS",
        "NEXT",
        "SCHEDULE",
        "TAGS",
    ]
    assert "\x1b" not in listed.out
    assert len(on_app("events", "list", "--tag", tag, "--json").json) == 1
    edited = on_app(
        "events", "edit", "k-1", "--description", "two", "--clear", "metadata", "--json"
    )
    assert (edited.json["description"], edited.json["metadata"]) == ("two", {})
    assert on_app("events", "show", made.json["id"]).out.count("two") == 1
    assert on_app("events", "delete", "k-1").code == 2  # nobody can be asked here
    assert on_app("events", "delete", "k-1", "--yes").code == 0
    assert on_app("events", "show", "k-1").code == 4


def test_an_event_comes_from_a_file(on_app: Run, home: Path, tag: str) -> None:
    event = {"name": "from a file", "webhook": HOOK[1], "delay": "1h", "tags": [tag]}
    (home / "event.json").write_text(json.dumps(event))
    made = on_app("events", "create", "--file", "event.json", "--name", "renamed", "--json")
    assert (made.json["name"], made.json["tags"]) == ("renamed", [tag])
    (home / "event.json").write_text('{"name": "half')
    for words in (["--file", "event.json"], ["--metadata", "[]"], ["--set", "x"], [],
                  ["--cron", "* * * * *", "--every", "1m"]):  # fmt: skip
        refused = on_app("events", "create", *words)
        assert refused.code == 2, refused
        assert "Traceback" not in refused.err


def test_an_editor_changes_what_was_changed_there(
    on_app: Run, tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_app("events", "create", "--name", "one", "--delay", "1h", *HOOK, "--key", tag, "--tag", tag,
           "--description", "gone")  # fmt: skip

    def editor(change: Any) -> None:
        def edit(text: str, **_: object) -> str | None:
            document = json.loads(text)
            change(document)
            return json.dumps(document)

        monkeypatch.setattr(click, "edit", edit)

    editor(lambda one: (one.update(name="two"), one.pop("description")))
    changed = on_app("events", "edit", tag, "--json")
    assert (changed.json["name"], changed.json["description"]) == ("two", "")
    editor(lambda _: None)
    assert "Nothing is changed" in on_app("events", "edit", tag).out
    for written in ("{", "[]"):
        monkeypatch.setattr(click, "edit", lambda *_, text=written, **__: text)
        assert on_app("events", "edit", tag).code == 2


def test_what_the_service_refuses_is_its_sentence_and_a_code(on_app: Run) -> None:
    refused = on_app("events", "create", "--name", "x", "--webhook", "no address", "--delay", "1h")
    assert refused.code == 5
    assert "webhook" in refused.err
    several = on_app("events", "create", "--name", "x", *HOOK, "--delay", "1h", "--timezone", "Nowhere",
                     "--set", 'timeout="soon"')  # fmt: skip
    assert several.code == 5
    assert "timezone" in several.err
    assert "timeout" in several.err
    assert on_app("occurrences", "list").code == 2
    assert on_app("events", "show", "no-such-key").code == 4
    assert on_app("flows", "set", "x").code == 2


def test_who_may_not_and_who_is_unknown(on_app: Run, tag: str, monkeypatch: Any) -> None:
    made = on_app("tokens", "create", "--sub", tag, "--access", "read", "--tag", tag, "--expires",
                  "2031-01-01T00:00:00Z")  # fmt: skip
    monkeypatch.setenv("QHRONOS_TOKEN", made.out.strip())
    assert on_app("events", "list").code == 0
    assert on_app("tokens", "list").code == 3
    monkeypatch.setenv("QHRONOS_TOKEN", "unknown")
    assert on_app("events", "list").code == 3


def test_a_token_for_the_metrics_is_for_them_alone(on_app: Run, tag: str, monkeypatch: Any) -> None:
    wanted = ("tokens", "create", "--sub", tag, "--access", "read", "--expires", "30d", "--metrics")
    made = on_app(*wanted)
    assert on_app(*wanted, "--feed").code == 2
    monkeypatch.setenv("QHRONOS_TOKEN", made.out.strip())
    assert on_app("events", "list").code == 3


def test_an_occurrence_is_shown_and_its_redelivery_refused_while_it_is_not_over(
    on_app: Run, tag: str
) -> None:
    on_app("events", "create", "--name", "n", "--delay", "1h", *HOOK, "--key", tag, "--tag", tag)
    triggered = on_app("events", "trigger", tag, "--json").json
    shown = on_app("occurrences", "show", triggered["id"], "--json").json
    assert shown["attempts"] == []
    assert triggered["id"] in on_app("occurrences", "list", "--tag", tag).out
    assert on_app("occurrences", "redeliver", triggered["id"]).code == 5
    assert on_app("deadletters", "redeliver").code == 2
    assert (
        on_app("deadletters", "redeliver", "--tag", tag).out == "There is nothing to redeliver.\n"
    )


def test_a_result_that_is_waited_for_decides_the_code(
    on_app: Run, tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_app("events", "create", "--name", "n", "--delay", "1h", *HOOK, "--key", tag, "--tag", tag)
    statuses = iter([("dispatched", 0), ("retrying", 1), ("failed", 2)])

    def get(self: object, occurrence_id: str) -> models.Occurrence:
        status, attempts = next(statuses)
        return models.Occurrence(
            id=occurrence_id, event_id="e", status=status, attempt_count=attempts,
            scheduled_at=datetime.now(UTC), error_message="timed out",
        )  # fmt: skip

    monkeypatch.setattr("qhronos.client.resources.Occurrences.get", get)
    monkeypatch.setattr(waiting.time, "sleep", lambda _: None)
    ended = on_app("events", "trigger", tag, "--wait")
    assert ended.code == 1
    assert "failed" in ended.out
    assert ended.err.count("Attempt 1 has failed (timed out); the next one is at") == 1


def test_who_waits_may_set_a_limit(on_app: Run, tag: str) -> None:
    """Nothing delivers here. The occurrence goes on, and its id is told."""
    on_app("events", "create", "--name", "n", "--delay", "1h", *HOOK, "--key", tag, "--tag", tag)
    ended = on_app("events", "trigger", tag, "--wait", "--timeout", "0")
    assert ended.code == 6
    assert "not over after 0 s, and goes on: see 'qhronos occurrences show" in ended.err


def test_a_table_keeps_ids_whole_and_ends_lines_where_its_words_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setattr(output, "WIDE", None)
    rows = [("0" * 36, "a" * 30), ("1" * 36, "b")]
    output.table({"ID": lambda one: one[0], "NAME": lambda one: one[1]}, rows)
    lines = capsys.readouterr().out.splitlines()
    assert {"0" * 36, "1" * 36} <= {line.split(" ")[0] for line in lines}
    assert all(line == line.rstrip() for line in lines)
    monkeypatch.setenv("COLUMNS", "40")
    output.table({"ID": lambda one: one[0], "NAME": lambda one: one[1]}, rows)
    lines = capsys.readouterr().out.splitlines()
    assert "ID    " + "0" * 34 in lines
    assert lines[-1] == "NAME  b"


def test_an_instance_that_is_not_there_is_one_sentence(run: Run, monkeypatch: Any) -> None:
    monkeypatch.setenv("QHRONOS_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("QHRONOS_TOKEN", "t")
    monkeypatch.setattr("qhronos.client.sending.time.sleep", lambda _: None)
    for words in (["events", "list"], ["doctor"], ["occurrences", "tail"]):
        ended = run(*words)
        assert ended.code == 6
        assert len(ended.err.splitlines()) == 1


def test_what_would_steer_a_terminal_is_written_out() -> None:
    assert output.plain("a\x1b[31mb\nc\u202e") == "a\\x1b[31mb\\nc\\u202e"
    assert output.plain([1, "é"]) == "1, é"
    assert output.plain(None) == "-"
    assert output.plain(datetime(2027, 1, 1, tzinfo=UTC)) == "2027-01-01 00:00:00Z"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("*/5 * * * *", "cron"),
        ("0 9 ? * MON-FRI", "cron"),
        ("@daily", "cron"),
        ("CRON_TZ=Europe/Berlin 0 9 * * *", "cron"),
        ("FREQ=DAILY", "rrule"),
        ("RRULE:FREQ=DAILY;COUNT=2", "rrule"),
        ("90s", "every"),
        ("1h30m", "every"),
    ],
)
def test_a_schedule_is_known_by_its_form(text: str, kind: str) -> None:
    assert list(draft(text)["schedule"]) == [kind]


def test_anything_else_is_words() -> None:
    assert draft(" every friday at 9 ") == {"text": "every friday at 9"}
    assert draft("9 days before the end of the month") == {
        "text": "9 days before the end of the month"
    }


def test_a_token_expires_after_a_duration_or_at_a_time() -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    assert expiry("2d", now) == datetime(2027, 1, 3, tzinfo=UTC)
    assert expiry("2031-01-01T00:00:00Z", now) == "2031-01-01T00:00:00Z"


class Streams:
    """Stands in for a client: streams that end as they are told."""

    def __init__(self, *streams: list[Any]) -> None:
        self._streams = iter(streams)
        self.asked: list[str | None] = []

    def changes(self, *, tags: object, last_id: str | None) -> Iterator[models.Change]:
        self.asked.append(last_id)
        for one in next(self._streams):
            if isinstance(one, Exception):
                raise one
            yield one


def change(id_: str, kind: str = "change") -> models.Change:
    return models.Change(id=id_, kind=kind, raw={"id": id_})


def test_a_lost_stream_goes_on_where_it_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tailing.time, "sleep", lambda _: None)
    client: Any = Streams(
        [change("1", "ready"), change("2"), Unreachable("cut off")],
        [Unreachable("not yet")],
        [change("3", "reset"), change("4")],
        [change("5", "end")],
    )
    following = tailing.follow(client, ())
    assert [next(following).id, next(following).id] == ["2", "4"]
    with pytest.raises(Unauthenticated):
        next(following)
    assert client.asked == [None, "2", "2", "4"]
    assert "Some changes were missed" in capsys.readouterr().err
    refused: Any = Streams([Unreachable("nobody")])
    with pytest.raises(Unreachable):
        list(tailing.follow(refused, ()))


def test_changes_are_printed_as_they_come(on_app: Run, monkeypatch: Any) -> None:
    happened = models.Change(
        id="1", kind="change",
        raw={"type": "occurrence", "occurrence_id": "o", "status": "failed", "status_code": 500},
    )  # fmt: skip
    monkeypatch.setattr(
        "qhronos.cli.commands.occurrences.follow", lambda *_: iter([happened, happened])
    )
    assert on_app("occurrences", "tail", "--count", "1").out == "occurrence  o  failed  500\n"
    lines = on_app("occurrences", "tail", "--json").out.splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["change", "change"]
