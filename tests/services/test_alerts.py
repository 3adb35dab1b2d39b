"""Alerts: who may make one for what, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.delivery.notifier import Notifier
from app.domain.access import MASTER, Access
from app.domain.alert_groups import HOUR_MS, Sends
from app.domain.alerts import AlertType, Condition
from app.domain.once import Repetition
from app.errors import Conflict, Forbidden, InvalidInput, NotFound
from app.services import alerts as module
from app.services.alerts import AlertService
from app.store.alerts import AlertStore
from app.wiring.services import Services
from tests.support.clock import NOW_MS, FakeClock

RED = Access("red", "read_write", frozenset({"red"}))
URL = "https://hooks.chat.example/services/secret"
SLACK: dict[str, Any] = {
    "name": "on call",
    "type": AlertType.SLACK,
    "on": (Condition.DEAD_LETTER,),
    "url": URL,
}
MAIL: dict[str, Any] = {
    "name": "mail",
    "type": AlertType.MAIL,
    "on": (Condition.LAG,),
    "to": ("a@good.example",),
}


class FakeNotifier(Notifier):
    """Answers as told; remembers what it was to send."""

    can_mail = True

    def __init__(self, *said: str | None) -> None:
        self.said = list(said)
        self.sent: list[Any] = []

    def send(self, outgoing: Any, now_us: int) -> list[str | None]:
        self.sent += outgoing
        return [self.said.pop(0) if self.said else None for _ in outgoing]


@pytest.fixture
def notifier() -> FakeNotifier:
    return FakeNotifier()


@pytest.fixture
def alerts(services: Services, notifier: FakeNotifier) -> AlertService:
    made = services.alerts
    return replace(made, sending=replace(made.sending, notifier=notifier))


def test_a_destination_is_sealed_and_its_host_alone_is_shown(alerts, services) -> None:
    made = alerts.create(SLACK, MASTER).alert
    assert made.origin == "https://hooks.chat.example"
    dump = services.storage.client.hgetall("qh:{alerts}")
    assert b"services/secret" not in b"".join(dump.values())
    stored = alerts.store.get(made.id)
    assert alerts.secrets.open(stored).url == URL
    kept = alerts.update(made.id, {"url": "https://hooks.chat.example/***", "per_hour": 3}, MASTER)
    assert alerts.secrets.open(kept.alert).url == URL
    changed = alerts.update(made.id, {"url": "https://other.example/x"}, MASTER).alert
    assert (changed.origin, changed.per_hour) == ("https://other.example", 3)
    assert alerts.update(made.id, {"per_hour": None}, MASTER).alert.per_hour == 12


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/***",
        "https://user:pass@hooks.chat.example/***",
        "file:///etc/***",
        "http://[::1/***",
        "http://a b/***",
        "http://10.0.0.1/***",
    ],
)
def test_a_masked_url_stands_for_what_is_stored_and_for_nothing_else(alerts, url: str) -> None:
    """It is not checked as a URL, so it must never become one."""
    with pytest.raises(InvalidInput, match=r"url: is not the whole URL"):
        alerts.create({**SLACK, "url": url}, MASTER)
    made = alerts.create(SLACK, MASTER).alert
    with pytest.raises(InvalidInput, match=r"url: is not the whole URL"):
        alerts.update(made.id, {"url": url}, MASTER)
    assert alerts.secrets.open(alerts.store.get(made.id)).url == URL


def test_a_secret_is_kept_when_another_url_is_given(alerts) -> None:
    given = {**SLACK, "type": AlertType.WEBHOOK, "secret": "whisper it"}
    made = alerts.create(given, MASTER).alert
    changed = alerts.update(made.id, {"url": "https://other.example/x", "secret": "***"}, MASTER)
    assert alerts.secrets.open(changed.alert) == ("https://other.example/x", "whisper it")
    cleared = alerts.update(made.id, {"secret": None}, MASTER).alert
    assert (cleared.has_secret, alerts.secrets.open(cleared).secret) == (False, "")


def test_a_token_makes_and_sees_alerts_within_its_scope_alone(alerts) -> None:
    whole = alerts.create(SLACK, MASTER).alert
    own = alerts.create({**SLACK, "tags": ("red",)}, RED).alert
    assert [one.alert.id for one in alerts.list(RED)] == [own.id]
    assert len(alerts.list(MASTER)) == 2
    for act in (alerts.get, alerts.delete, alerts.test):
        with pytest.raises(NotFound):
            act(whole.id, RED)
    for tags in ((), ("blue",), ("red", "blue")):
        with pytest.raises(Forbidden, match="of its scope"):
            alerts.create({**SLACK, "tags": tags}, RED)
    with pytest.raises(Forbidden):
        alerts.update(own.id, {"tags": ()}, RED)
    alerts.delete(own.id, RED)
    with pytest.raises(NotFound):
        alerts.get(own.id, MASTER)


def test_a_request_that_was_cut_off_makes_no_second_one(alerts) -> None:
    """Its process was killed after the write; the same request comes again."""
    again = Repetition(1, b"s" * 16, b"me")
    first, second = (alerts.create(SLACK, MASTER, again) for _ in range(2))
    assert first.alert.id == second.alert.id
    assert len(alerts.list(MASTER)) == 1


def test_there_are_not_many(alerts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OF_SCOPE", 1)
    alerts.create(SLACK, MASTER)
    alerts.create({**SLACK, "tags": ("red",)}, RED)
    with pytest.raises(Conflict, match="There are 1 alerts"):
        alerts.create({**SLACK, "tags": ("red",)}, RED)
    monkeypatch.setattr(module, "MAX_ALERTS", 2)
    with pytest.raises(Conflict, match="There are 2 alerts"):
        alerts.create(SLACK, MASTER)


def test_mail_goes_where_the_operator_allows_it(alerts, services: Services) -> None:
    """Else whoever has a token could write to anybody in the operator's name."""
    assert alerts.create(MAIL, MASTER).alert.to == ("a@good.example",)
    tagged = {**MAIL, "tags": ("red",), "on": (Condition.FAILING,)}
    with pytest.raises(Forbidden, match="QHRONOS_MAIL_DOMAINS"):
        alerts.create(tagged, RED)
    limited = replace(alerts, mail_domains=("good.example",))
    assert limited.create(tagged, RED)
    for access in (RED, MASTER):
        with pytest.raises(InvalidInput, match="of these domains: good"):
            limited.create({**tagged, "to": ("a@evil.example",)}, access)
    with pytest.raises(InvalidInput, match="QHRONOS_SMTP_URL"):
        services.alerts.create(MAIL, MASTER)


def test_a_test_says_what_became_of_it_and_counts(alerts, notifier, clock: FakeClock) -> None:
    made = alerts.create({**SLACK, "per_hour": 2}, MASTER).alert
    notifier.said = [None, "the receiver answered 404"]
    assert alerts.test(made.id, MASTER) is None
    assert alerts.get(made.id, MASTER).sends.sent_ms == NOW_MS
    assert alerts.test(made.id, MASTER) == "the receiver answered 404"
    assert alerts.get(made.id, MASTER).sends.error == "the receiver answered 404"
    with pytest.raises(Conflict, match="within the last hour"):
        alerts.test(made.id, MASTER)
    clock.advance(HOUR_MS)
    assert alerts.test(made.id, MASTER) is None
    assert len(notifier.sent) == 3


def test_a_test_under_way_counts_and_keeps_what_is_told_meanwhile(
    alerts, notifier, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests that come together would all find room, and forget what the others have noted."""
    made, slow = alerts.create({**SLACK, "per_hour": 2}, MASTER).alert, []

    def send(outgoing: Any, now_us: int) -> list[str | None]:
        sends = alerts.store.sends_of(made.id)
        slow.append(len(sends.in_hour(NOW_MS)))
        with pytest.raises(Conflict, match="of yours is under way"):
            alerts.test(made.id, MASTER)
        alerts.store.put_sends(made.id, sends.sent(NOW_MS))
        return [None]

    monkeypatch.setattr(notifier, "send", send)
    assert alerts.test(made.id, MASTER) is None
    after = alerts.get(made.id, MASTER).sends
    assert (slow, after.times, after.told_ms) == ([1], (NOW_MS, NOW_MS), NOW_MS)
    with pytest.raises(Conflict, match="within the last hour"):
        alerts.test(made.id, MASTER)


def test_a_change_brings_back_no_alert_that_is_deleted_meanwhile(
    alerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = alerts.create(SLACK, MASTER).alert
    read = AlertStore.get

    def read_and_delete(self: AlertStore, alert_id: str) -> Any:
        found = read(self, alert_id)
        self.delete(alert_id)
        return found

    monkeypatch.setattr(AlertStore, "get", read_and_delete)
    with pytest.raises(NotFound):
        alerts.update(made.id, {"name": "other"}, MASTER)
    assert alerts.store.all() == []
    assert alerts.store.sealed() == {}


def test_of_two_changes_at_once_neither_takes_the_other_back(
    alerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = alerts.create(SLACK, MASTER).alert
    others = [{"tags": ("red",)}]
    read = AlertStore.get

    def read_and_change(self: AlertStore, alert_id: str) -> Any:
        found = read(self, alert_id)
        if others:
            alerts.update(alert_id, others.pop(), MASTER)
        return found

    monkeypatch.setattr(AlertStore, "get", read_and_change)
    alerts.update(made.id, {"name": "other"}, MASTER)
    (stored,) = alerts.store.all()
    assert (stored.name, stored.tags) == ("other", ("red",))


def test_a_change_has_what_failed_tried_again_at_once(alerts) -> None:
    made = alerts.create(SLACK, MASTER).alert
    alerts.store.put_sends(made.id, Sends((5,), 4, 5, NOW_MS * 2, "no", 3))
    assert alerts.get(made.id, MASTER).sends.is_failing
    alerts.update(made.id, {"name": "other"}, MASTER)
    assert alerts.get(made.id, MASTER).sends == Sends((5,), sent_ms=3)


def test_one_whose_key_is_lost_is_mended_by_a_new_url(alerts, services: Services) -> None:
    made = alerts.create({**SLACK, "type": AlertType.WEBHOOK, "secret": "whisper it"}, MASTER).alert
    alerts.store.put(replace(made, sealed=b"nothing that we have sealed"))
    with pytest.raises(Conflict, match="give url and secret anew"):
        alerts.update(made.id, {"url": URL}, MASTER)
    mended = alerts.update(made.id, {"url": URL, "secret": "another one"}, MASTER).alert
    assert alerts.secrets.open(mended) == (URL, "another one")
