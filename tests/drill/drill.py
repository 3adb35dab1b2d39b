"""An installation under load, a backup of it, and what has to be so once that is restored.

What was acknowledged before the backup was asked for must be there, and go on: under the same ids,
in the same order of the audit log, for the same tokens, signed with the same secrets.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

from app.domain.audit import check
from app.domain.signing import signing_key, standard_signature
from qhronos import ApiError, Unreachable
from tests.support.processes import Program
from tests.support.receiver import Received, Receiver
from tests.support.stack import ALIVE, Stack
from tests.support.wait import wait_until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The signing secret of all events that have one of their own."""

SOON_S = 1.0
LATER_S = 3_600.0
MOST_SERIES = 40
"""Among so many of the first events each fourth is a series, which fires every second."""

BACKUP = (sys.executable, "-m", "app.backup")


def command(stack: Stack, *words: str, **settings: str) -> str:
    """Run a command on the store of a stack; returns what it says. It must succeed."""
    program: Program = stack.program("backup", *BACKUP, *words, **settings)
    program.start()
    status = program.wait(120)
    assert status == 0, program.output
    return program.output


@dataclass
class Ledger:
    """What was acknowledged: the events, by kind; and a token."""

    soon: dict[str, str] = field(default_factory=dict)
    """One-time events that are due at about the moment of the backup, with their names."""

    later: dict[str, str] = field(default_factory=dict)
    keyed: dict[str, str] = field(default_factory=dict)
    series: dict[str, str] = field(default_factory=dict)
    token: str = ""

    @property
    def all(self) -> dict[str, str]:
        return {**self.soon, **self.later, **self.keyed, **self.series}

    def copy(self) -> Ledger:
        soon, later, keyed, series = map(dict, (self.soon, self.later, self.keyed, self.series))
        return Ledger(soon, later, keyed, series, self.token)


class Drill:
    """Creates events of every kind until it is stopped."""

    def __init__(self, stack: Stack, receiver: Receiver, rate: float) -> None:
        self._stack = stack
        self._url = receiver.url("/drill")
        self._pause_s = 1 / rate
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._load, name="load")
        self._ledger = Ledger()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        issue = {"type": "jwt", "sub": "drill", "access": "read_write", "scope": ["drill"]}
        answer = self._stack.api.call(
            "POST", "/tokens", {**issue, "expires_at": "2031-01-01T00:00:00Z"}
        )
        assert answer.status == HTTPStatus.OK, answer
        self._ledger.token = answer.json["token"]
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def acknowledged(self) -> Ledger:
        """What was acknowledged until now."""
        with self._lock:
            return self._ledger.copy()

    def _load(self) -> None:
        api = self._stack.api.with_token(self._ledger.token)
        kinds: tuple[tuple[dict[str, str], Callable[[int], dict[str, Any]]], ...] = (
            (self._ledger.soon, lambda _: {"ahead": SOON_S}),
            (self._ledger.later, lambda number: {"ahead": LATER_S + number}),
            (self._ledger.keyed, lambda number: {"ahead": LATER_S, "key": f"key-{number}"}),
            (self._ledger.series, lambda _: {"ahead": 0.2, "schedule": {"cron": "* * * * * *"}}),
        )
        for number in itertools.count():
            kept, fields = kinds[number % 4 if number < MOST_SERIES else number % 3]
            name = f"drill {number}"
            try:
                more = {"name": name, "tags": ["drill"], "hmac_secret": SECRET, **fields(number)}
                made = api.create(self._url, **more)
            except (OSError, ApiError, Unreachable, AssertionError):
                return  # it is being killed
            with self._lock:
                kept[made["id"]] = name
            if self._stop.wait(self._pause_s):
                return


def back_up(stack: Stack, directory: Path, drill: Drill, least: int) -> tuple[Path, Path, Ledger]:
    """Make an encrypted backup under load; returns it, its key, and what must be in it."""
    wait_until(lambda: len(drill.acknowledged().all) >= least, "there is load")
    path, key = directory / "store.backup", directory / "backup.key"
    command(stack, "backup", "new-key", str(key))
    before = drill.acknowledged()
    command(stack, "backup", str(path), "--key", str(key))
    return path, key, before


@contextmanager
def bare_stack(**settings: str) -> Iterator[Stack]:
    """A stack of which nothing runs yet."""
    stack = Stack(workers=1, **settings)
    ALIVE.append(stack)
    try:
        yield stack
    finally:
        stack.__exit__()


def restore(fresh: Stack, path: Path, key: Path) -> str:
    """Restore into a stack of which nothing runs yet, and start that; returns what was said."""
    fresh.store.start()
    said = command(fresh, "restore", str(path), "--key", str(key))
    fresh.up()
    return said


def prove(fresh: Stack, ledger: Ledger, receiver: Receiver, killed_ns: int) -> None:
    """See that everything of the ledger is there and goes on."""
    api = fresh.api.with_token(ledger.token)  # a token of before is good
    there = {one.id: one.name for one in api.client.events.list(tags=["drill"], limit=1000)}
    assert ledger.all.items() <= there.items(), "acknowledged events are missing"
    for event_id, name in ledger.keyed.items():
        key = f"key-{name.removeprefix('drill ')}"
        assert api.get(f"/events/by-key/{key}")["id"] == event_id
    wait_until(
        lambda: set(ledger.soon) <= _events_of(receiver.requests_to("/drill")),
        "everything that was due is delivered",
    )
    wait_until(
        lambda: set(ledger.series) <= _events_of(_since(receiver, killed_ns)), "series go on"
    )
    _signed([one for one in _since(receiver, killed_ns) if one.json["event_id"] in ledger.all])
    lines = fresh.api.call("GET", "/audit/export").body.decode().splitlines()
    assert check(lines).entries == len(lines) >= len(ledger.all)


def _since(receiver: Receiver, at_ns: int) -> list[Received]:
    return [one for one in receiver.requests_to("/drill") if one.at_ns > at_ns]


def _events_of(received: list[Received]) -> set[str]:
    return {one.json["event_id"] for one in received}


def _signed(received: list[Received]) -> None:
    """What comes after the restore has the signature of its event's own secret."""
    assert received
    for one in received:
        sent_at = one.headers["webhook-timestamp"]
        expected = standard_signature(signing_key(SECRET), one.webhook_id, int(sent_at), one.body)
        assert expected in one.headers["webhook-signature"].split(), one.headers
