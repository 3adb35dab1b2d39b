"""Errors name what the user typed, not the field of the API that it became."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.qhronos.cli.conftest import Run

MADE = ("events", "create", "--name", "n", "--webhook", "http://127.0.0.1:9/")


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ((*MADE, "--at", "tomorrow"), "--at: must be a time"),
        ((*MADE, "--delay", "1h", "--at", "2031-01-01T00:00:00Z"), "--delay: give either delay or --at"),
        ((*MADE, "--cron", "99 * * * *"), '--cron: has "99"'),
        ((*MADE, "--rrule", "FREQ=X"), "--rrule: FREQ must be"),
        ((*MADE, "--words", "every furble"), '--words: has "furble"'),
        ((*MADE, "--delay", "1h", "--tag", "a,b"), "--tag: must not contain a comma"),
        ((*MADE, "--delay", "1h", "--set", "retry=3"), "--set retry: must be an object"),
        ((*MADE, "--delay", "1h", "--set", "retyr=3"), "--set retyr: is not known here; did you"),
        ((*MADE[:4], "--delay", "1h"), "--webhook: is required"),
        (("events", "list", "--name-prefix", ""), "--name-prefix: must be"),
        (("occurrences", "list", "--from", "x"), "--from: must be a time"),
        (("deadletters", "redeliver", "--from", "x"), "--from: must be a time"),
        (("explain", "every furble"), 'SCHEDULE: has "furble"'),
        (("explain", "99 * * * *"), 'SCHEDULE: has "99"'),
        (("explain", "* * * * *", "--start", "x"), "--start: must be a time"),
        (("calendars", "set", "o", "--holidays", "XX"), "--holidays: is not a country"),
        (("calendars", "set", "o o"), "NAME: must be"),
    ],
)  # fmt: skip
def test_a_field_is_named_as_it_was_typed(on_app: Run, words: tuple[str, ...], begins: str) -> None:
    ended = on_app(*words)
    assert ended.code == 5
    assert ended.err.startswith(begins), ended.err


def test_what_is_from_a_file_has_the_name_that_it_has_there(on_app: Run, home: Path) -> None:
    event = {"name": "n", "webhook": "nowhere", "start_time": "tomorrow"}
    (home / "event.json").write_text(json.dumps(event))
    lines = on_app("events", "create", "--file", "event.json").err.splitlines()
    assert {line.strip().partition(":")[0] for line in lines} == {"webhook", "start_time"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (MADE, "Say when: --at, --delay, --words, --cron, --every or --rrule."),
        (("tokens", "create", "--sub", "s", "--access", "read", "--expires", "soon"),
         "--expires: must be as in 30d, or a time as in 2030-05-01T09:30:00Z"),
    ],
)  # fmt: skip
def test_what_is_missing_or_no_option_takes_is_said_without_the_service(
    on_app: Run, words: tuple[str, ...], sentence: str
) -> None:
    ended = on_app(*words)
    assert (ended.code, ended.err) == (2, f"{sentence}\n")


def test_which_of_several_is_refused_is_named(on_app: Run) -> None:
    assert on_app("events", "trigger", "no-key").err == "There is no event 'no-key'.\n"
    assert on_app("occurrences", "redeliver", "x", "y").err.startswith("x: No occurrence")
