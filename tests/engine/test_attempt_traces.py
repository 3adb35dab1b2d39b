"""What is told of attempts, in which trace, and what receivers are told of it.

``app.engine.drain_options`` hands them on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.domain.action import APICALL, Action
from app.domain.callback import Callback
from app.domain.origin import Origin
from app.domain.outcome import Outcome, Timings
from app.domain.trace_context import TraceContext, read_traceparent, trace_of
from app.engine.attempt_traces import AttemptTraces
from app.engine.attempts import record_of
from app.engine.target_limit import TargetLimit
from app.engine.target_limits import InFlightRequest, LaneShare
from app.metrics.exemplars import Exemplar, Exemplars
from app.store.claims import Claim
from app.tracing.span import CLIENT, CONSUMER, PRODUCER
from tests.support.builders import DAILY, a_claim, a_definition
from tests.support.traces import SpanList

REQUEST = TraceContext(b"t" * 16, b"schedule", is_sampled=True)
OTHER = TraceContext(b"u" * 16, b"trigger-", is_sampled=True)
ASKED = Origin("r-1", REQUEST).text()
DUE_MS = 1_700_000_000_000
DUE_US = DUE_MS * 1_000
OK = Outcome(Timings(DUE_US, DUE_US + 3_000, DUE_US + 43_000), 204)
TIMED_OUT = Outcome(OK.timings, None, b"secret", "timeout", "no answer from secret")


def once(**fields: Any) -> Claim:
    """An attempt at a one-time event, due at ``DUE_MS``."""
    return a_claim(7, due_ms=DUE_MS, claimed_ms=DUE_MS + 1, **fields)


def of_series(**fields: Any) -> Claim:
    return once(definition=a_definition(schedule=DAILY), **fields)


def asked(claim: Claim, origin: str = ASKED) -> Claim:
    """The attempt, of an event that a request wrote."""
    assert claim.definition is not None
    return replace(claim, definition=claim.definition._replace(origin=origin))


def traced(claim: Claim, outcome: Outcome = OK, *, records: bool = True) -> SpanList:
    tracing = SpanList(records=records)
    sent = InFlightRequest(
        claim, TargetLimit("https://example.com:443", 1), DUE_MS, LaneShare(0, 1, 1)
    )
    record, _ = record_of(claim, outcome, DUE_MS + 43, 0.5)
    AttemptTraces(tracing, Exemplars()).note(sent, outcome, record)
    return tracing


def test_a_one_time_event_is_delivered_in_the_trace_of_its_request():
    spans = traced(asked(once())).spans
    attempt, request = spans
    assert {one.context.trace_id for one in spans} == {REQUEST.trace_id}
    assert (attempt.kind, attempt.parent) == (CONSUMER, REQUEST)
    assert (request.kind, request.parent, request.name) == (CLIENT, attempt.context, "POST")
    assert (attempt.started_us, attempt.ended_us) == (DUE_US + 1_000, DUE_US + 43_000)
    assert (request.started_us, request.ended_us) == (DUE_US + 3_000, DUE_US + 43_000)


def test_an_occurrence_of_a_series_has_a_trace_of_its_own_that_leads_to_the_request():
    """A trace that grew for years could be shown by nobody."""
    spans = traced(asked(of_series())).spans
    root, attempt, _ = spans
    assert (root.kind, root.parent, root.link) == (PRODUCER, None, REQUEST)
    assert root.context == trace_of(of_series().occurrence_id) == attempt.parent
    assert {one.context.trace_id for one in spans} == {root.context.trace_id}
    assert (root.started_us, root.ended_us) == (DUE_US, DUE_US + 1_000)


@pytest.mark.parametrize("claim", [once(), of_series()])
def test_what_nobody_traced_begins_a_trace(claim: Claim) -> None:
    """So does what was created before tracing was switched on."""
    root, attempt, _ = traced(claim).spans
    assert (root.link, attempt.parent) == (None, root.context)


@pytest.mark.parametrize("claim", [once(), of_series(), asked(once())])
def test_every_attempt_has_a_span_and_all_are_in_one_trace(claim: Claim) -> None:
    first = traced(claim)
    again = replace(claim, attempt=2, token=b"another lease", trace=None)
    second = traced(again)
    assert len(second.spans) == 2
    assert second.named("attempt").parent == first.named("attempt").parent
    assert second.named("attempt").context.span_id != first.named("attempt").context.span_id
    assert second.named("POST").attributes["http.request.resend_count"] == 1


@pytest.mark.parametrize("claim", [once(), of_series(), asked(of_series())])
def test_what_is_triggered_or_redelivered_is_in_the_trace_of_that_request(claim: Claim) -> None:
    mine = replace(claim, asked=Origin("r-2", OTHER).text(), attempt=4, trace=None)
    attempt, _ = traced(mine).spans
    assert attempt.parent == OTHER
    assert attempt.attributes["qhronos.request_id"] == "r-2"


def test_what_a_job_redelivers_stays_in_its_trace():
    assert traced(asked(once(asked="job-id", attempt=2))).named("attempt").parent == REQUEST


def test_a_callback_is_in_the_trace_of_what_it_reports():
    callback = Callback(b"o" * 16, "failed", 0, 0, 1, None, None)
    definition = a_definition(on_failure="https://example.com/sad", schedule=DAILY)
    attempt, _ = traced(once(callback=callback, definition=definition)).spans
    assert attempt.parent == trace_of(b"o" * 16)


def test_the_receiver_is_told_the_span_of_its_own_request():
    claim = asked(once())
    told = read_traceparent(AttemptTraces(SpanList(), Exemplars()).context(claim).header())
    assert told == traced(claim).named("POST").context  # (It is the very claim that is sent.)


@pytest.mark.parametrize(
    "claim", [once(), asked(once(), Origin("", REQUEST._replace(is_sampled=False)).text())]
)
def test_what_is_not_recorded_is_not_told_but_its_receiver_knows_that(claim: Claim) -> None:
    assert traced(claim, records=False).spans == []
    assert not AttemptTraces(SpanList(records=False), Exemplars()).context(claim).is_sampled


def test_a_failure_is_one_word_and_nothing_that_a_user_or_receiver_wrote():
    action = Action(APICALL, {"url": "https://example.com/hook?key=secret", "method": "PUT"})
    definition = a_definition()._replace(name="secret", description="secret", action=action)
    claim = once(definition=definition, tags=("secret",), metadata_json='{"a":"secret"}')
    spans = traced(claim, TIMED_OUT).spans
    assert "secret" not in str(spans)
    _, attempt, request = spans
    assert (attempt.error, request.error) == ("timeout", "timeout")
    assert request.attributes == {
        "http.request.method": "PUT",
        "url.scheme": "https",
        "server.address": "example.com",
        "server.port": 443,
        "error.type": "timeout",
    }
    assert attempt.attributes["qhronos.outcome"] == "retrying"
    assert attempt.attributes["qhronos.late_ms"] == 3


def test_a_message_to_a_client_has_a_span_without_the_clients_name():
    action = Action("websocket", {"client_name": "secret"})
    claim = once(definition=a_definition()._replace(action=action))
    spans = traced(claim).spans
    assert spans[-1].name == "websocket"
    assert "secret" not in str(spans)


def test_what_the_meter_counts_of_a_recorded_attempt_leads_to_its_trace():
    """A bar of the histogram that is too long shows at once what was so slow."""
    exemplars, tracing = Exemplars(), SpanList()
    phases = Timings(DUE_US, DUE_US + 3_000, DUE_US + 43_000, DUE_US + 40_000, 100, 2_000, None)
    sent = InFlightRequest(
        once(), TargetLimit("https://example.com:443", 1), DUE_MS, LaneShare(0, 1, 1)
    )
    record, _ = record_of(sent.claim, OK, DUE_MS + 43, 0.5)
    AttemptTraces(tracing, exemplars).note(sent, Outcome(phases, 200), record)
    trace_id = tracing.named("POST").context.trace_id.hex()
    assert exemplars.take() == {
        "lateness_seconds|5000": Exemplar(trace_id, 3_000, DUE_MS + 43),
        "receiver_seconds|dns|1000": Exemplar(trace_id, 100, DUE_MS + 43),
        "receiver_seconds|connect|2500": Exemplar(trace_id, 2_000, DUE_MS + 43),
        "receiver_seconds|wait|50000": Exemplar(trace_id, 34_900, DUE_MS + 43),
        "receiver_seconds|read|5000": Exemplar(trace_id, 3_000, DUE_MS + 43),
    }
    assert exemplars.take() == {}
