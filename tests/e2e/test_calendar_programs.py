"""Programs that people read calendars with: vdirsyncer subscribes to the feed, khal shows it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.api_client import Api, at
from tests.support.processes import ROOT, clean_environ
from tests.support.receiver import Receiver
from tests.support.stack import Stack
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e

PROGRAMS = ROOT / ".venv" / "subscribers" / "bin"
DAY_S = 86_400
HOSTILE = "x\r\nEND:VEVENT\u2028BEGIN:VEVENT\u0085UID:mine;,\\\\ \u20ac" + "\u00fc" * 90

SYNC = """
[general]
status_path = "{directory}/status"
[pair feed]
a = "subscription"
b = "copy"
collections = null
[storage subscription]
type = "http"
url = "{url}"
[storage copy]
type = "filesystem"
path = "{directory}/copy"
fileext = ".ics"
"""
SHOW = """
[calendars]
[[feed]]
path = {directory}/copy
readonly = True
[default]
print_new = False
[sqlite]
path = {directory}/khal.db
[locale]
local_timezone = UTC
default_timezone = UTC
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
"""


@pytest.fixture(scope="module", autouse=True)
def _programs() -> None:
    """They are installed once, beside what the service needs."""
    made = subprocess.run(
        ["make", "--silent", "subscribers"],
        cwd=ROOT, env=clean_environ(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode != 0:
        pytest.skip(f"vdirsyncer and khal can't be installed: {made.stderr[-500:]}")


class Subscriber:
    """Somebody with a copy of the feed in a directory."""

    def __init__(self, directory: Path, url: str) -> None:
        self._directory = directory
        self._environ = clean_environ() | {"HOME": str(directory), "LC_ALL": "C.UTF-8"}
        (directory / "sync").write_text(SYNC.format(directory=directory, url=url))
        (directory / "show").write_text(SHOW.format(directory=directory))
        (directory / "copy").mkdir()
        self._run("vdirsyncer", "--config", "sync", "discover")

    def poll(self) -> tuple[Mapping[str, bytes], str]:
        """Ask for the feed; returns the copy, an entry a file, and what was said."""
        said = self._run("vdirsyncer", "--config", "sync", "sync", "--force-delete")
        copy = {one.name: one.read_bytes() for one in (self._directory / "copy").iterdir()}
        return copy, said

    def see(self, first_day: str, days: int) -> list[str]:
        """Each entry of some days: when it begins and ends, and what it is."""
        form = "{start-long}|{end-long}|{title}"
        span = f"{days}d"
        said = self._run(
            "khal", "-c", "show", "list", "--day-format", "", "--format", form, first_day, span
        )
        return [line for line in said.splitlines() if "|" in line]

    def _run(self, program: str, *arguments: str) -> str:
        ended = subprocess.run(
            [PROGRAMS / program, *arguments],
            cwd=self._directory, env=self._environ, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, (ended.stdout, ended.stderr)
        return ended.stdout + ended.stderr


def test_a_subscription_changes_when_something_happens_and_not_before(
    stack: Stack, api: Api, receiver: Receiver, tmp_path: Path
) -> None:
    """Between two polls nothing is new; a delivery and a new name are the only changes after them.

    Each entry takes a minute, and no name makes more of itself than a name.
    """
    # At no midnight, so that none of the days that are shown changes in between.
    begins_s = (time.time() // DAY_S + 1) * DAY_S + 43_200
    daily = api.create(
        receiver.url("/"), name="every day", start_time=at(begins_s), tags=["subscribed"],
        schedule={"frequency": "daily", "count": 3},
    )  # fmt: skip
    for name in (HOSTILE, "once"):
        api.create(receiver.url("/"), name=name, start_time=at(begins_s), tags=["subscribed"])
    api.create(receiver.url("/"), name="not theirs", start_time=at(begins_s), tags=["other"])
    ends = at(time.time() + 600)
    feed = {"type": "feed", "sub": "calendar", "scope": ["subscribed"], "expires_at": ends}
    token = api.client.tokens.create(**feed).token
    subscriber = Subscriber(tmp_path, f"http://127.0.0.1:{stack.port}/calendar.ics?token={token}")

    first, _ = subscriber.poll()
    assert len(first) == 5
    second, said = subscriber.poll()
    assert second == first
    assert "Copying" not in said
    assert "Deleting" not in said

    day = datetime.fromtimestamp(begins_s, UTC).strftime("%Y-%m-%d")
    shown = subscriber.see(day, 3)
    assert len(shown) == 5
    assert all(f"{line[:11]}12:00|{line[:11]}12:01|" in line for line in shown)
    titles = [line.partition("|")[2].partition("|")[2] for line in shown]
    assert sorted(titles)[:3] == ["every day"] * 3

    trigger = api.client.events.trigger(daily["id"])
    wait_until(
        lambda: api.client.occurrences.get(trigger.id).status == "completed", "it is delivered"
    )
    third, said = subscriber.poll()
    assert said.count("Copying") == 1
    (new,) = third.keys() - first.keys()
    assert b"SUMMARY:every day [completed]" in third[new]

    api.update(daily["id"], name="each day")
    fourth, _ = subscriber.poll()
    assert sum(b"SUMMARY:each day" in one for one in fourth.values()) == 3
    assert fourth[new] == third[new]
    kept = {name for name, text in first.items() if b"every day" not in text}
    assert len(kept) == 2
    assert {name: fourth[name] for name in kept} == {name: first[name] for name in kept}
    assert subscriber.poll()[0] == fourth
