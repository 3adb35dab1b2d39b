"""Makes the data directory that ``test_data_directories`` reads, with the version it is run in.

::

    cp tests/e2e/data_directory.py CHECKOUT/tests/e2e/
    cd CHECKOUT && python -m tests.e2e.data_directory /tmp/data.tar.xz

It knows nothing but the API, so it runs in any version. The archive has the store's append-only
file and ``told.json``: what the API answered when no process but it was left.
"""

from __future__ import annotations

import fcntl
import io
import json
import re
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.api_client import Api, at
from tests.support.receiver import Receiver, Reply
from tests.support.stack import GUNICORN, Stack
from tests.support.wait import wait_until

HOST, PORT = "127.8.68.5", 18_068
"""Where the stored webhooks go: an address of loopback that nobody else uses."""

SETTINGS = {
    "ENCRYPTION_KEY": "a key of the tests that encrypts what is secret",
    "RETENTION_OCCURRENCES": "3650d",
    "RETENTION_EVENTS": "3650d",
    "RETENTION_AUDIT": "3650d",
    "LEASE": "2s",
}
TOLD_HEADERS = ("etag", "link", "x-total-count")
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
FAR = "2090-01-31T09:00:00Z"
DAILY = {"frequency": "daily"}
SCHEDULES: dict[str, dict[str, Any]] = {
    "last friday": {"frequency": "monthly", "by_day": ["-1FR"], "by_hour": [17]},
    "ten times": {"frequency": "weekly", "interval": 2, "count": 10},
    "until": {**DAILY, "until": "2027-03-01T00:00:00Z"},
    "rrule": {"rrule": "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1,15"},
    "cron": {"cron": "30 8 * * MON-FRI", "exclude": ["2027-01-06", "2027-01-07T08:30:00+01:00"]},
    "seconds of cron": {"cron": "15 0 2 1-7 * MON#1"},
    "every": {"every": "36h", "include": ["2027-01-02T03:04:05Z"]},
    "several": {"rules": [{"cron": "0 9 * * MON"}, {"rrule": "FREQ=WEEKLY;BYDAY=TH"}]},
    "excluded rule": {**DAILY, "exclude": [{"frequency": "weekly", "by_day": ["SA", "SU"]}]},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "jitter": {"schedule": DAILY, "jitter": "10m"},
    "clock": {"schedule": DAILY, "dst": {"gap": "shift", "repeat": "both"}},
    "fire all": {"schedule": DAILY, "misfire": {"policy": "fire_all", "grace": "1h", "limit": 7}},
    "skip": {"schedule": DAILY, "misfire": {"policy": "skip"}},
    **{one: {"schedule": DAILY, "overlap": one} for one in ("skip", "queue_one")},
    "cancel": {"schedule": DAILY, "overlap": "cancel_previous"},
    "calendars": {"schedule": DAILY, "calendars": ["closed", "days"], "on_excluded": "next_day"},
    "delays": {"retry": {"attempts": 4, "delays": ["5s", "1m"], "max_age": "1d"}},
    "rule of retries": {"retry": {"backoff": "exponential", "first": "15s", "factor": 4,
                                  "max": "1d", "jitter": 0.2, "attempts": 8}},
    "timeouts": {"timeout": "30s", "ack_timeout": "7d"},
    "callbacks": {"on_success": f"http://{HOST}:{PORT}/good",
                  "on_failure": f"http://{HOST}:{PORT}/bad"},
}  # fmt: skip


class KnownReceiver(Receiver):
    """A receiver at the address that is stored; tests that run side by side have it in turn."""

    def __init__(self) -> None:
        self._turn = (Path(tempfile.gettempdir()) / f"qhronos-receiver-{PORT}.lock").open("w")
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        super().__init__(HOST, port=PORT)

    def __exit__(self, *raised: object) -> None:
        try:
            super().__exit__(*raised)
        finally:
            self._turn.close()


class StillStack(Stack):
    """A store and the API alone, until ``moves`` is true: nothing happens by itself."""

    moves = False

    def up(self) -> None:
        """Start what there is to be."""
        if self.moves:
            super().up()
            return
        self.store.start()
        self.web = self.program("web", *GUNICORN)
        self.web.start()
        wait_until(self.api.answers, "the API answers")


def tell(api: Api, path: str) -> dict[str, Any]:
    """What the API answers, with the headers that follow from what is stored."""
    answer = api.call("GET", path)
    headers = {
        # Links of some versions name the host that was asked.
        name: re.sub(r"<http://127\.0\.0\.1:\d+/", "</", answer.headers[name])
        for name in TOLD_HEADERS
        if name in answer.headers
    }
    return {"status": answer.status, "headers": headers, "body": answer.body.decode()}


def paths(api: Api) -> Iterator[str]:
    """What there is to read, but for what moves with time."""
    events = api.get("/events?limit=1000")
    yield from ("/events?limit=5", "/events?limit=1000", "/events?tags=red", "/events?name=every")
    yield "/events?status=paused"
    for event in events:
        own = f"/events/{event['id']}"
        yield from (own, f"{own}/occurrences?limit=1000")
        if event.get("schedule"):
            yield f"{own}/preview?from=2026-12-20T00:00:00Z&count=30&detail=true"
    found = api.get("/occurrences?from=2000-01-01T00:00:00Z&limit=100")
    assert found["pagination"]["total"] <= 100
    yield "/occurrences?from=2000-01-01T00:00:00Z&limit=100"
    for status in ("scheduled", "dispatched", "retrying", "completed", "failed", "missed",
                   "skipped", "cancelled"):  # fmt: skip
        yield f"/occurrences?status={status}"
    yield "/occurrences?tags=red&limit=2"
    for occurrence in found["data"]:
        yield from (f"/occurrences/{occurrence['id']}", f"/occurrences/{occurrence['id']}/attempts")
    yield from ("/flows", "/flows/strict", "/flows/limited", "/calendars", "/retries")
    yield from (f"/calendars/{one['name']}" for one in api.get("/calendars"))
    yield from (f"/retries/{one['id']}" for one in api.get("/retries"))
    yield from ("/tokens", "/tokens?sub=reader", "/audit?limit=5", "/audit/export")


def write_what_waits(api: Api, url: str) -> None:
    """Events of every form, none of which is due."""
    days = {"dates": ["2026-12-24"], "ranges": [{"from": "2027-01-11", "to": "2027-01-12"}],
            "rules": [{"rrule": "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=20", "days": 2}]}  # fmt: skip
    assert api.call("PUT", "/calendars/days", days).status == 201
    closed = {"weekdays": ["SU"], "holidays": {"country": "DE", "subdivision": "BE"}}
    assert api.call("PUT", "/calendars/closed", closed).status == 201
    for name, schedule in SCHEDULES.items():
        api.create(url, name=name, schedule=schedule, start_time="2026-12-01T08:30:00",
                   timezone="Europe/Berlin", tags=["red", "waiting"])  # fmt: skip
    for name, options in OPTIONS.items():
        start = {"start_time": "2026-12-01T01:30:00", "timezone": "America/New_York"}
        if "schedule" not in options:
            start = {"start_time": FAR}
        api.create(url, name=name, **start, **options)
    api.create(url, name="secrets", start_time=FAR, hmac_secret=SECRET, metadata={"n": 1.50},
               headers={"Authorization": "Bearer of the receiver"}, description="süß", tags=["red"],
               )  # fmt: skip
    rotated = api.create(url, name="rotated", start_time=FAR, hmac_secret=SECRET)
    api.call("POST", f"/events/{rotated['id']}/rotate-secret", {"overlap": "1d"})
    paused = api.create(url, name="paused", start_time="2026-12-01T00:00:00Z", schedule=DAILY)
    pause = {"until": "2089-01-01T00:00:00Z", "note": "for long"}
    assert api.call("POST", f"/events/{paused['id']}/pause", pause).status == 200
    deleted = api.create(url, name="deleted", start_time=FAR)
    assert api.call("DELETE", f"/events/{deleted['id']}").status == 204
    changed = api.create(url, name="changed", start_time=FAR, tags=["red"])
    api.update(changed["id"], tags=["green"], schedule=DAILY)
    expires = at(time.time() + 3_600 * 24 * 3_600)
    for sub, access, kind in (("reader", "read", "jwt"), ("holder", "write", "jwt"),
                              ("calendar", "read", "feed"), ("revoked", "admin", "jwt")):  # fmt: skip
        token = {"type": kind, "sub": sub, "access": access, "scope": ["red"]}
        assert api.call("POST", "/tokens", {**token, "expires_at": expires}).status == 200
    assert api.call("DELETE", "/tokens?sub=revoked").status == 200


def write_what_ran(api: Api, receiver: Receiver) -> None:
    """Events that have run: occurrences in every status, retries, redeliveries, flows."""
    receiver.reply("/broken", Reply(500, body=b"it is broken"))
    receiver.reply("/later", Reply(202, headers={"Qhronos-Ack": "required"}))
    receiver.reply("/hangs", Reply.hang())
    url = receiver.url
    series = api.create(url("/ok"), name="series", schedule={"every": "1h"}, ahead=0.2)
    api.create(url("/ok"), name="completed", tags=["red"],
               on_success=url("/callback"))  # fmt: skip
    api.create(url("/later"), name="unacknowledged", ack_timeout="7d")
    api.create(url("/broken"), name="retrying", retry={"attempts": 9, "delays": ["2m"]})
    missed = at(time.time() - 86_400)
    api.create(url("/ok"), name="missed", start_time=missed)
    failing = {"retry": {"attempts": 1}, "tags": ["dead"]}
    dead = [api.create(url("/broken"), name="failed", **failing) for _ in range(3)]
    api.create(url("/broken"), name="failed", on_failure=url("/callback"), retry={"attempts": 1})
    for event in dead:
        api.wait_for_status(event["id"], "failed")
    triggered = api.create(url("/ok"), name="triggered", start_time=FAR, order="strict",
                           flow={"key": "strict"})  # fmt: skip
    for status in ("completed", "scheduled", "scheduled"):
        occurrence = api.call("POST", f"/events/{triggered['id']}/trigger").json
        wait_until(lambda one=occurrence["id"], to=status:
                   api.get(f"/occurrences/{one}")["status"] == to, "it is there")  # fmt: skip
        api.call("POST", "/flows/strict/pause")
    wait_until(lambda: api.get("/flows/strict")["waiting"] == 2, "two wait for their flow")
    limited = api.create(url("/ok"), name="limited", flow={"key": "limited", "rate": "10/s",
                                                           "burst": 3, "concurrency": 5})  # fmt: skip
    api.call("PUT", "/flows/limited", {"rate": "2/s", "concurrency": None})
    gone = api.create(url("/broken"), name="cancelled", retry={"attempts": 9, "delays": ["2m"]})
    for event, status in ((limited, "completed"), (gone, "retrying")):
        api.wait_for_status(event["id"], status)
    api.call("DELETE", f"/events/{gone['id']}")
    wait_until(lambda: len(receiver.requests_to("/callback")) == 2, "both callbacks have come")
    now = time.time()
    backfill = {"from": at(now - 5 * 3_600), "to": at(now)}
    api.update(series["id"], start_time=at(now - 86_400))
    api.call("POST", f"/events/{series['id']}/backfill", backfill)
    done = "/occurrences?status=completed&limit=100"
    wait_until(lambda: api.get(done)["pagination"]["total"] >= 10, "they are delivered")
    job = {"filter": {"tags": ["dead"]}, "rate": "60/m"}
    assert api.call("POST", "/occurrences/retry", {**job, "rate": "10/s"}).status == 202
    wait_until(lambda: api.get("/retries")[0]["status"] == "completed", "a job is done")
    for event in dead:
        api.wait_for_status(event["id"], "failed")
    busy = api.create(url("/hangs"), name="busy", schedule={"every": "1s"}, overlap="skip",
                      timeout="5m")  # fmt: skip
    skipped = "/occurrences?status=skipped"
    wait_until(lambda: api.get(skipped)["pagination"]["total"], "one is skipped")
    api.call("POST", f"/events/{busy['id']}/pause")
    held = api.create(url("/hangs"), name="under way", timeout="5m")
    api.wait_for_status(held["id"], "dispatched")
    receiver.wait_for(2, path="/hangs")


def make(directory: Path) -> dict[str, Any]:
    """Write a store below ``directory``; returns what the API tells of it."""
    with KnownReceiver() as receiver, Stack(**SETTINGS) as stack:
        write_what_waits(stack.api, receiver.url("/ok"))
        write_what_ran(stack.api, receiver)
        # Nothing is redelivered of a job that comes after its worker's end.
        for program in (stack.upkeep, stack.scheduler, *stack.workers):
            assert program is not None
            program.kill()
        job = {"filter": {"tags": ["dead"]}, "rate": "10/s", "stop_at_error_rate": 0.9}
        assert stack.api.call("POST", "/occurrences/retry", job).status == 202
        told = {path: tell(stack.api, path) for path in paths(stack.api)}
        assert stack.web is not None
        stack.web.stop()
        stack.store.stop()
        (stack.directory / "store" / "appendonlydir").rename(directory / "appendonlydir")
    return told


def pack(directory: Path, told: dict[str, Any], archive: Path) -> None:
    """Write the append-only file and what was told into one archive."""
    with tarfile.open(archive, "w:xz", preset=9) as packed:
        packed.add(directory / "appendonlydir", "store/appendonlydir")
        raw = json.dumps(told, indent=1).encode()
        entry = tarfile.TarInfo("told.json")
        entry.size = len(raw)
        packed.addfile(entry, io.BytesIO(raw))


def unpack(archive: Path, directory: Path) -> dict[str, Any]:
    """Put the store below ``directory``; returns what the API told of it."""
    with tarfile.open(archive) as packed:
        packed.extractall(directory, filter="data")
    told: dict[str, Any] = json.loads((directory / "told.json").read_text(encoding="utf-8"))
    return told


if __name__ == "__main__":
    target = Path(sys.argv[1]).absolute()
    scratch = target.with_suffix(".made")
    scratch.mkdir()
    pack(scratch, make(scratch), target)
