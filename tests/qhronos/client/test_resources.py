"""Every method of the client, on the real application."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import qhronos
from qhronos import Client
from tests.docs.conftest import EXAMPLES_NOW_MS

NOW = datetime.fromtimestamp(EXAMPLES_NOW_MS / 1000, UTC)
HOOK = "http://127.0.0.1:9/"


def test_an_event_is_created_changed_and_deleted(client: Client, tag: str) -> None:
    made = client.events.create(name="one", delay=timedelta(hours=1), webhook=HOOK, tags=[tag])
    assert made.next_occurrence_at == NOW + timedelta(hours=1)
    assert (made.name, made.tags, made.status) == ("one", (tag,), "active")
    assert client.events.get(made.id) == made
    changed = client.events.update(
        made.id, name="two", start_time=NOW + timedelta(days=1), if_match=made.etag
    )
    assert (changed.name, changed.start_time) == ("two", NOW + timedelta(days=1))
    with pytest.raises(qhronos.StaleVersion):
        client.events.update(made.id, name="three", if_match=made.etag)
    assert client.events.pause(made.id, note="holiday").status == "paused"
    assert client.events.resume(made.id).status == "active"
    client.events.delete(made.id)
    with pytest.raises(qhronos.NotFound):
        client.events.get(made.id)


def test_an_event_has_a_key_of_yours(client: Client, tag: str) -> None:
    made = client.events.put("order-7", name="by key", delay="1h", webhook=HOOK, tags=[tag])
    assert client.events.put("order-7", name="changed").id == made.id
    assert client.events.get_by_key("order-7").name == "changed"
    client.events.delete_by_key("order-7")
    with pytest.raises(qhronos.NotFound):
        client.events.get_by_key("order-7")


def test_what_will_be_and_what_was_is_listed(client: Client, tag: str) -> None:
    event = client.events.create(
        {"schedule": {"every": "1h"}}, name="hourly", start_time=NOW, webhook=HOOK, tags=[tag]
    )
    first, second = client.events.preview(event.id, count=2)
    assert second.scheduled_at - first.scheduled_at == timedelta(hours=1)
    triggered = client.events.trigger(event.id)
    assert client.occurrences.get(triggered.id).event_id == event.id
    assert not triggered.is_over
    assert client.occurrences.attempts(triggered.id) == ()
    assert triggered.id in {one.id for one in client.events.occurrences(event.id, limit=1)}
    found = client.occurrences.list(tags=[tag], from_=NOW, to=NOW + timedelta(days=1), limit=1)
    assert {one.id for one in found} >= {triggered.id}
    with pytest.raises(qhronos.Conflict):
        client.occurrences.redeliver(triggered.id)
    assert client.occurrences.count_to_redeliver(tags=[tag]) == 0
    job = client.occurrences.redeliver_many(tags=[tag], order="oldest")
    assert client.occurrences.redelivery(job.id).id == job.id
    for answer in (client.occurrences.acknowledge, client.occurrences.refuse):
        with pytest.raises(qhronos.Unauthenticated):
            answer(triggered.id, "1.made-up")


def test_lists_lead_on_by_themselves(client: Client, tag: str) -> None:
    """A page holds one, and all are there, newest first."""
    events = [
        {"name": f"n{number}", "delay": "1h", "webhook": HOOK, "tags": [tag]} for number in range(3)
    ]
    created = list(client.events.create_many(events))
    assert [one.index for one in created] == [0, 1, 2]
    listed = list(client.events.list(limit=1, tags=[tag]))
    assert [one.name for one in listed] == ["n2", "n1", "n0"]
    assert {one.id for one in listed} == {one.id for one in created}


def test_a_batch_tells_what_became_of_each(client: Client, tag: str) -> None:
    """Also if nothing of it was created, which the service answers as an error."""
    good, bad = {"name": "good", "delay": "1h", "webhook": HOOK, "tags": [tag]}, {"name": "bad"}
    mixed = list(client.events.create_many([good, bad]))
    assert [one.status for one in mixed] == [201, 400]
    assert mixed[0].id
    assert mixed[1].error
    (refused,) = client.events.create_many([bad])
    assert (refused.status, refused.id) == (400, None)
    assert list(client.events.create_many([])) == []


def test_the_other_parts_of_the_api(client: Client, tag: str) -> None:
    token = client.tokens.create(
        sub="ci", access="read", scope=[tag], expires_at=NOW + timedelta(days=1)
    )
    assert token.token not in repr(token)
    (record,) = client.tokens.list(sub="ci")
    client.tokens.revoke(record.jti)
    assert list(client.tokens.list(sub="ci")) == []

    calendar = client.calendars.put("days", dates=["2027-12-25"])
    assert client.calendars.get("days") == calendar
    assert [one.name for one in client.calendars.list()] == ["days"]
    client.calendars.delete("days")

    alert = client.alerts.create(name="on call", type="slack", on=["lag"], url=HOOK + "sesame")
    assert (alert.on, alert.url, alert.status) == (("lag",), HOOK + "***", "ok")
    assert client.alerts.get(alert.id) == alert
    assert client.alerts.update(alert.id, lag="5m").lag == "5m"
    tested = client.alerts.test(alert.id)
    assert (tested.arrived, tested.error) == (False, "the receiver refused the connection")
    assert [one.last_error for one in client.alerts.list()] == [tested.error]
    client.alerts.delete(alert.id)

    flow = client.flows.put("slow", rate="10/m", concurrency=2)
    assert (flow.concurrency, flow.paused) == (2, False)
    assert client.flows.pause("slow").paused
    assert not client.flows.resume("slow").paused
    assert client.flows.get("slow").key in [one.key for one in client.flows.list()]

    assert client.status().store == "ok"
    assert client.breakers() == ()
    assert "token.create" in {one.action for one in client.audit.list(limit=5)}
    assert len(list(client.audit_lines())) > 5
    outlook = client.explain(text="every friday at 9", timezone="Europe/Berlin", count=1)
    assert outlook.occurrences[0].scheduled_at.isoformat() == "2027-01-01T08:00:00+00:00"
    assert outlook.explained


def test_many_events_are_changed_by_a_filter(client: Client, tag: str) -> None:
    client.events.create(name="one", delay="1h", webhook=HOOK, tags=[tag])
    which = {"tags": [tag]}
    counted = client.bulk_jobs.count("pause", which)
    assert (counted.count, counted.sample[0]["name"]) == (1, "one")
    job = client.bulk_jobs.start("retag", which, add_tags=["eu"], idempotency_key=tag)
    assert client.bulk_jobs.start("retag", which, add_tags=["eu"], idempotency_key=tag) == job
    assert client.bulk_jobs.get(job.id).action == "retag"
    assert job.id in {one.id for one in client.bulk_jobs.list()}
    assert client.bulk_jobs.cancel(job.id).status == "cancelled"
    again = client.occurrences.redeliver_many(tags=[tag])
    assert again.id in {one.id for one in client.occurrences.redeliveries()}
    assert client.occurrences.cancel_redelivery(again.id).status == "cancelled"


def test_imports_in_the_background_are_listed(client: Client) -> None:
    assert list(client.events.import_jobs()) == []
    with pytest.raises(qhronos.NotFound):
        client.events.cancel_import("none")


def test_what_was_missed_is_added_and_what_is_planned_is_counted(client: Client, tag: str) -> None:
    event = client.events.create(
        {"schedule": {"every": "1h"}}, name="hourly", start_time=NOW, webhook=HOOK, tags=[tag]
    )
    past = {"from_": NOW - timedelta(hours=3), "to": NOW - timedelta(hours=1)}
    counted = client.events.count_to_backfill(event.id, **past)
    assert counted.added == 0
    assert client.events.backfill(event.id, **past).added == counted.count - counted.existing
    forecast = client.forecast()
    assert len(forecast.per_minute) == 24 * 60
    assert forecast.to - forecast.from_ == timedelta(days=1)
    assert forecast.targets[0].total <= forecast.total


def test_figures_are_read_with_their_steps_and_groups(client: Client) -> None:
    stats = client.stats(from_=NOW - timedelta(hours=2), to=NOW, step="hour", group_by="tag")
    assert (stats.step, stats.to > stats.from_) == ("hour", True)
    assert stats.total.attempts.total >= stats.total.attempts.succeeded
    assert stats.total.outcomes.keys() >= {"completed", "failed"}


def test_an_objective_is_put_read_and_deleted(client: Client, tag: str) -> None:
    assert client.slos.put(tag, lateness="1s", objective=0.99, window="7d").window == "7d"
    assert client.slos.get(tag).burn_rates["1h"] == 0
    assert tag in {one.tag for one in client.slos.list()}
    client.slos.delete(tag)
    with pytest.raises(qhronos.NotFound):
        client.slos.get(tag)


def test_signing_secrets_are_changed_and_shown_once(client: Client, tag: str) -> None:
    event = client.events.create(name="one", delay="1h", webhook=HOOK, tags=[tag])
    rotated = client.events.rotate_secret(event.id, overlap=timedelta(hours=1))
    assert rotated.secret
    assert rotated.secret not in repr(rotated)
    assert client.events.rotate_secrets([tag], secret="s" * 32).count == 1
    made = client.signing_secrets.put(tag)
    assert made.secret
    assert made.secret not in repr(made)
    assert [(one.tag, one.secret) for one in client.signing_secrets.list()] == [(tag, None)]
    client.signing_secrets.delete(tag)
    assert list(client.signing_secrets.list()) == []
    client.tokens.create(sub=tag, access="read", scope=["a"], expires_at=NOW + timedelta(days=1))
    client.tokens.revoke_all(tag)
    assert list(client.tokens.list(sub=tag)) == []


def test_a_refusal_has_the_sentence_and_the_fields_of_the_service(client: Client) -> None:
    with pytest.raises(qhronos.Invalid) as refused:
        client.events.create(name="x", start_time=NOW, webhook="no address")
    assert refused.value.status == 400
    assert "webhook" in refused.value.fields
    assert str(refused.value) == refused.value.document["error"]
