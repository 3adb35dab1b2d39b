"""No change without its entry in the audit log, whatever ends between the two."""

from __future__ import annotations

import http.client
import json
import threading
import time

import pytest

from app.domain.audit import check
from app.services.audit import OPEN_MS
from app.setting_variables import load_settings
from app.wiring.doubles import Doubles
from app.wiring.services import build_services
from tests.support.api_client import Api, at
from tests.support.clock import FakeClock
from tests.support.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

CLIENTS = 4


class Client(threading.Thread):
    """Creates events and deletes every second one, whatever is answered, until told to stop."""

    def __init__(self, api: Api, stop: threading.Event) -> None:
        super().__init__()
        self._api = api
        self._stopped = stop
        self.created: set[str] = set()

    def run(self) -> None:
        while not self._stopped.is_set():
            try:
                answer = self._api.call(
                    "POST",
                    "/events",
                    {"name": "a", "webhook": "http://127.0.0.1:9/", "start_time": at(2e9)},
                )
                if answer.status != 201:
                    continue
                self.created.add(answer.json["id"])
                if len(self.created) % 2:
                    self._api.call("DELETE", f"/events/{answer.json['id']}")
            except (OSError, http.client.HTTPException):
                self._stopped.wait(0.02)


def events_of(api: Api) -> set[str]:
    """The ids of all events that there are."""
    found, path = set(), "/events?limit=1000"
    while path:
        answer = api.call("GET", path)
        found |= {one["id"] for one in answer.json}
        path = answer.headers.get("link", "").partition(">")[0].lstrip("<")
    return found


def test_every_change_has_an_entry_though_store_and_api_are_killed() -> None:
    """Those of which nobody knows the outcome have one that says so, two minutes later."""
    stop = threading.Event()
    with Stack(workers=0) as stack:
        clients = [Client(stack.api, stop) for _ in range(CLIENTS)]
        for one in clients:
            one.start()
        try:
            for kill in (stack.store.kill, stack.web.kill) * 3:
                time.sleep(0.4)
                kill()
                stack.up()
        finally:
            stop.set()
            for one in clients:
                one.join()
        settings = load_settings(stack.environ)
        clock = FakeClock(time.time_ns() // 1_000_000 + OPEN_MS + 1_000)
        services = build_services(settings, Doubles(clock=clock))
        unknown = services.audit.settle()
        assert services.audit.settle() == 0
        chain = stack.api.call("GET", "/audit/export").body.decode().splitlines()
        there = events_of(stack.api)
        services.storage.client.close()

    entries = [json.loads(line) for line in chain]
    assert check(chain).entries == len(entries)
    assert sum(one.get("outcome") == "unknown" for one in entries) == unknown
    created = {one["object"] for one in entries if one["action"] == "event.create"}
    deleted = {one["object"] for one in entries if one["action"] == "event.delete"}
    known = set().union(*(one.created for one in clients))
    assert len(known) > 20
    assert there | known <= created
    assert known - there <= deleted
