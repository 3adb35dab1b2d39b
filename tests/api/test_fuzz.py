"""Every operation, asked what the OpenAPI document allows and what it forbids.

The real services on a real store. Whatever is asked: no 5xx, a status and a content type that
the document names, and a body that has the form that it describes. ``make fuzz`` asks for longer,
and something else every time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
)

from app.api.http.context import EXTENSION, attach_services
from app.domain.access import MASTER
from app.domain.durability import HEADER
from app.domain.ids import EventIds, to_text
from app.domain.import_job import WRITING, ImportJob
from app.domain.imports import ImportRequest
from app.domain.targets import TargetPolicy
from app.factory import create_app
from app.wiring.doubles import Doubles
from app.wiring.services import Services, build_services
from tests.api.application import MASTER_TOKEN, settings_for
from tests.support.clock import FakeClock
from tests.support.openapi import undocumented
from tests.support.services import FakeDrains, FakeUpkeep

EXAMPLES = int(os.environ.get("QHRONOS_FUZZ", "0"))
"""How many requests to an operation in each mode; 0: as many as belong into the suite."""

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
TOO_LARGE, AWAY = 413, 503
NOW_MS = 1_893_456_000_000
"""2030-01-01T00:00:00Z: ahead of the store's own clock, by which entries end."""

AUTHORIZATION = {"Authorization": f"Bearer {MASTER_TOKEN}", "Accept-Encoding": "identity"}
SOUND = {
    "POST /events": {
        "name": "a",
        "start_time": "2030-01-02T09:00:00Z",
        "webhook": "https://example.com/hook",
    },
    "POST /preview": {"start_time": "2030-01-02T09:00:00Z"},
    "POST /events/{event_id}/backfill": {
        "from": "2029-12-30T00:00:00Z",
        "to": "2029-12-31T00:00:00Z",
    },
    "POST /tokens": {"type": "jwt", "expires_at": "2030-02-01T00:00:00Z"},
    "PUT /calendars/{name}": {"dates": ["2030-12-24"]},
    "PUT /slos/{tag}": {"lateness": "1s", "objective": 0.999, "window": "30d"},
    "POST /alerts": {
        "name": "a",
        "type": "slack",
        "on": ["failing"],
        "url": "http://127.0.0.1:1/nobody-listens",
    },
}
"""Members that make a body good, where what the document says of them is not all."""


def services_on(store_url: str) -> Services:
    settings = settings_for(
        store_url,
        signing_private_key="whsk_" + "A" * 43,
        allow_private_targets=TargetPolicy(allow_all=True),
    )
    doubles = Doubles(clock=FakeClock(NOW_MS), drain_queue=FakeDrains(), upkeep_queue=FakeUpkeep())
    return build_services(settings, doubles)


class World:
    """The application, and what there is in it."""

    def __init__(self) -> None:
        self.app = create_app(services_on(""))
        self._client = self.app.test_client()
        document = self._client.get("/openapi.json").json
        self.document = deepcopy(document)
        # Who may ask is tested elsewhere; here the token is always there.
        del document["security"]
        schema = schemathesis.openapi.from_dict(document)
        schema.app = self.app
        self.operations = {found.ok().label: found.ok() for found in schema.get_all_operations()}

    def names(self) -> dict[str, str]:
        """Make one of each, and name it as paths do."""

        def ask(method: str, path: str, body: Any) -> Any:
            answer = self._client.open(path, method=method, json=body, headers=AUTHORIZATION)
            assert answer.status_code < 300, answer.text
            return answer.json

        event = ask(
            "POST",
            "/events",
            {**SOUND["POST /events"], "schedule": {"frequency": "daily"}, "headers": {"X-A": "1"}},
        )
        occurrence = ask("POST", f"/events/{event['id']}/trigger", None)
        ask("PUT", "/calendars/days", SOUND["PUT /calendars/{name}"])
        ask("PUT", "/flows/acme", {"rate": "10/s"})
        ask("PUT", "/slos/red", SOUND["PUT /slos/{tag}"])
        alert = ask("POST", "/alerts", SOUND["POST /alerts"])
        retry = ask("POST", "/occurrences/retry", {"filter": {"status": "failed"}})
        ask("POST", f"/retries/{retry['id']}/cancel", None)
        bulk = ask("POST", "/events/bulk", {"action": "delete", "filter": {"name": "none"}})
        ask("POST", f"/bulk-jobs/{bulk['id']}/cancel", None)
        token = {**SOUND["POST /tokens"], "sub": "a", "access": "read", "scope": ["a"]}
        ask("POST", "/tokens", token)
        (listed,) = ask("GET", "/tokens?limit=1", None)
        return {
            "event_id": event["id"],
            "occurrence_id": occurrence["id"],
            "name": "days",
            "key": "acme",
            "import_id": self._import(),
            "retry_id": retry["id"],
            "job_id": bulk["id"],
            "alert_id": alert["id"],
            "jti": listed["jti"],
            "tag": "red",
        }

    def _import(self) -> str:
        """An import as it is before its first step; one over HTTP has a thousand entries."""
        services = self.app.extensions[EXTENSION]
        now_ms = services.clock.now_ms()
        job_id = EventIds().make(now_ms * 1000, 0)
        job = ImportJob(job_id, ImportRequest(), MASTER, None, now_ms, now_ms, WRITING, 1_001)
        services.storage.import_jobs.save(job, b"", now_ms)
        return to_text(job_id)


WORLD = World()
"""Made without a store, which is there only while tests run: its operations name them."""


@pytest.fixture(autouse=True)
def _store(store_url: str) -> Iterator[None]:
    """An empty store."""
    services = services_on(store_url)
    attach_services(WORLD.app, services)
    yield
    services.storage.client.close()


def judge(operation: APIOperation[Any], case: Case) -> None:
    """Ask, and hold the answer against the document."""
    answer = case.call(headers=AUTHORIZATION)
    if answer.status_code == AWAY and HEADER in (case.headers or {}):
        return  # the store has no replica and no file to wait for, and says so
    # A body that is too large is refused before anybody looks at what is in it.
    refusals = [] if answer.status_code == TOO_LARGE else [negative_data_rejection]
    case.validate_response(answer, checks=CHECKS + refusals)
    documented = operation.definition.raw["responses"]
    assert str(answer.status_code) in documented, (answer.status_code, answer.text)
    _judge_members(answer, documented[str(answer.status_code)])


def _judge_members(answer: Any, documented: dict[str, Any]) -> None:
    """An answer has no member that the document does not tell of."""
    content = documented.get("content", {}).get("application/json")
    if content is not None and answer.status_code < 300:
        assert not list(undocumented(answer.json(), content["schema"], WORLD.document))


def leads_elsewhere(case: Case) -> bool:
    """Whether a name is a word of other paths: ``/events/batch`` asks for no event."""
    words = {word for path in WORLD.document["paths"] for word in path.split("/")}
    return any(value in words for value in (case.path_parameters or {}).values())


@pytest.mark.timeout(3_600 if EXAMPLES else 300)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("label", WORLD.operations)
def test_whatever_is_asked_the_answer_is_as_documented(label: str, mode: GenerationMode) -> None:
    operation = WORLD.operations[label]
    if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body):
        pytest.skip("there is nothing to get wrong")
    cases = operation.as_strategy(generation_mode=mode)
    names: dict[str, str] = {}

    @settings(
        max_examples=EXAMPLES or 15,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(cases, st.booleans(), st.booleans())
    def ask(case: Case, is_there: bool, is_sound: bool) -> None:
        if is_there:
            if not names or operation.method != "get":  # GET leaves all of them as they are
                names.update(WORLD.names())
            case.path_parameters = {name: names[name] for name in case.path_parameters or {}}
        if is_sound and mode is GenerationMode.POSITIVE and isinstance(case.body, dict):
            case.body = {**case.body, **SOUND.get(label, {})}
        assume(not leads_elsewhere(case))
        judge(operation, case)

    ask()
