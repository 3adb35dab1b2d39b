"""What is done rarely: past occurrences, secrets, forecasts, all tokens of a holder, the whole log.

The commands event_upkeep, secrets and forecast, and qhronos/cli/files.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qhronos.client.client import Client
from qhronos.errors import Unreachable
from tests.qhronos.cli.conftest import Run

HOURLY = ("events", "create", "--name", "n", "--every", "1h", "--at", "2026-01-01T00:00:00Z",
          "--webhook", "http://127.0.0.1:9/", "--key")  # fmt: skip
RANGE = ("--from", "2026-01-02T00:00:00Z", "--to", "2026-01-02T03:00:00Z")


def test_a_past_range_is_counted_then_delivered_once(on_app: Run, tag: str) -> None:
    assert on_app(*HOURLY, tag).code == 0
    assert on_app("events", "backfill", tag, *RANGE, "--dry-run").out == (
        "4 new of 4 in that range.\n"
    )
    assert on_app("events", "backfill", tag, *RANGE).code == 2
    assert on_app("events", "backfill", tag, *RANGE, "--yes", "--json").json["added"] == 4
    assert on_app("events", "backfill", tag, *RANGE, "--yes").out.startswith("0 new of 4")


def test_a_secret_that_is_made_is_shown_once(on_app: Run, home: Path, tag: str) -> None:
    """The secret alone is on standard output, so that a script can keep it."""
    on_app(*HOURLY, tag, "--tag", tag)
    for words in (
        ("events", "rotate-secret", tag),
        ("events", "rotate-secret", "--tag", tag, "--yes"),
        ("secrets", "set", tag),
    ):
        made = on_app(*words)
        assert (made.code, made.out[:6], len(made.out.split())) == (0, "whsec_", 1)
        assert "is not shown again" in made.err
    (home / "secret").write_text("0123456789abcdef\n")
    own = on_app("secrets", "set", tag, "--secret-file", "secret", "--overlap", "1h")
    assert (own.code, own.out) == (0, "")
    assert "secret" not in json.dumps(on_app("secrets", "list", "--json").json).replace(tag, "")
    assert on_app("secrets", "delete", tag, "--yes").code == 0
    assert on_app("secrets", "delete", tag, "--yes").code == 4


@pytest.mark.parametrize(
    "words", [["rotate-secret"], ["rotate-secret", "e", "--tag", "t"], ["rotate-secret", "--tag", "t"]]
)  # fmt: skip
def test_whose_secret_has_to_be_said(on_app: Run, words: list[str]) -> None:
    assert on_app("events", *words).code == 2


def test_an_empty_file_is_no_secret(on_app: Run, home: Path) -> None:
    (home / "secret").touch()
    assert on_app("secrets", "set", "t", "--secret-file", "secret").code == 2


def test_what_is_planned_is_told_by_target(on_app: Run, tag: str) -> None:
    on_app(*HOURLY, tag)
    said = on_app("forecast")
    assert (said.code, "127.0.0.1:9" in said.out) == (0, True)
    assert on_app("forecast", "--json").json["total"] >= 23


def test_figures_are_told_by_time_or_group(on_app: Run) -> None:
    said = on_app("stats")
    assert (said.code, "attempts from" in said.out) == (0, True)
    assert on_app("stats", "--by", "tag", "--step", "hour").code == 0
    assert on_app("stats", "--json", "--by", "target").json["group_by"] == "target"
    assert on_app("stats", "--step", "week").code == 2


def test_an_objective_is_set_shown_and_deleted(on_app: Run, tag: str) -> None:
    made = on_app("slo", "set", tag, "--lateness", "1s", "--objective", "0.99", "--json").json
    assert (made["tag"], made["window"]) == (tag, "30d")
    assert "99%" in on_app("slo", "list").out
    assert on_app("slo", "show", tag, "--json").json["budget_left"] == 1
    assert on_app("slo", "delete", tag, "--yes").code == 0
    assert on_app("slo", "show", tag).code == 4


def test_all_tokens_of_a_holder_are_revoked_together(on_app: Run, tag: str) -> None:
    for _ in range(2):
        on_app("tokens", "create", "--sub", tag, "--access", "read", "--expires", "1d")
    assert on_app("tokens", "revoke", "--sub", tag, "--yes").code == 0
    assert on_app("tokens", "list", "--sub", tag, "--json").json == []
    assert on_app("tokens", "revoke", "--yes").code == 2


def test_a_flow_takes_each_of_its_limits(on_app: Run, tag: str) -> None:
    made = on_app("flows", "set", tag[:20], "--rate", "10/m", "--burst", "3", "--order", "strict",
                  "--json")  # fmt: skip
    assert (made.json["burst"], made.json["order"]) == (3, "strict")
    assert on_app("flows", "set", tag[:20], "--rate", "none", "--json").json["rate"] is None


def test_a_calendar_comes_from_a_file(on_app: Run, home: Path) -> None:
    (home / "c.json").write_text('{"ranges": [{"from": "2027-01-01", "to": "2027-01-05"}]}')
    made = on_app("calendars", "set", "shut", "--file", "c.json", "--weekday", "SA", "--json")
    assert (made.code, len(made.json["ranges"]), made.json["weekdays"]) == (0, 1, ["SA"])


def test_the_whole_log_is_a_file_that_can_be_checked(
    on_app: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was cut off is no export, and is not left."""
    on_app("calendars", "set", "logged", "--date", "2027-01-01")
    assert on_app("audit", "export", "log.jsonl").code == 0
    assert on_app("audit", "verify", "log.jsonl").code == 0
    assert on_app("audit", "export", "log.jsonl").code == 2
    assert on_app("audit", "export", "-").out.count("\n") >= 1

    def cut_off(_: Client) -> object:
        yield "{}"
        raise Unreachable("Gone.")

    monkeypatch.setattr(Client, "audit_lines", cut_off)
    ended = on_app("audit", "export", "cut.jsonl")
    assert (ended.code, (home / "cut.jsonl").exists()) == (6, False)
