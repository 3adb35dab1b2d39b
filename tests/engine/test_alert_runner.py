"""From what happens to what people read: told once, whoever dies, and never more than they want.

What is put together in ``app.wiring.alerts`` and ``app.wiring.alert_runner`` is used here.
"""

from __future__ import annotations

import ipaddress
import threading
from dataclasses import replace
from typing import Any

import pytest

from app.delivery.mailer import Mailer
from app.delivery.notifier import Notifier
from app.delivery.sender import CurlSender
from app.domain.access import MASTER
from app.domain.addresses import TargetPolicy
from app.domain.alert_groups import FIRST_WAIT_MS, NEXT_WAIT_MS, RETRY_FIRST_MS
from app.domain.alerts import AlertType, Condition
from app.domain.mail import MailServer
from app.engine import alert_runner as module
from app.engine.alert_runner import AlertRunner
from app.engine.alert_watch import SETTLED_MS
from app.errors import StoreUnavailable
from app.services.alert_sending import AlertSending
from app.wiring.alert_runner import alert_runner
from app.wiring.services import Services
from tests.engine.test_alert_watch import attempt  # noqa: F401 - a fixture
from tests.services.test_alerts import FakeNotifier
from tests.support.clock import FakeClock
from tests.support.mail_server import MailReceiver
from tests.support.receiver import Receiver

HERE = TargetPolicy(allowed=(ipaddress.ip_network("127.0.0.0/8"),))


def runner_with(services: Services, notifier: Notifier) -> AlertRunner:
    made = alert_runner(services.storage, lambda: services.identity)
    made._sending = replace(made._sending, notifier=notifier)
    return made


@pytest.fixture
def notifier() -> FakeNotifier:
    return FakeNotifier()


@pytest.fixture
def runner(services: Services, notifier: FakeNotifier) -> AlertRunner:
    return runner_with(services, notifier)


@pytest.fixture
def alert(services: Services, runner: AlertRunner) -> str:
    """An alert that has been looked for once."""
    made = services.alerts.create(
        {
            "name": "on call",
            "type": AlertType.SLACK,
            "on": (Condition.DEAD_LETTER,),
            "url": "https://chat.example/x",
        },
        MASTER,
    )
    runner.step()
    return made.alert.id


@pytest.fixture
def fail(create, attempt, clock: FakeClock):  # noqa: F811
    """Makes so many events whose occurrence has failed; time passes until a look finds them."""

    def make(count: int = 1) -> None:
        for number in range(count):
            create(name=f"event {number}", start_time=clock.ms + 1)
        clock.advance(2)
        attempt("failed")
        clock.advance(SETTLED_MS + 1)

    return make


def text_of(sent: Any) -> str:
    return str(sent.body.decode())


def test_what_is_found_together_is_told_once(runner, notifier, alert, fail, clock) -> None:
    fail(7)
    assert runner.step() == 0
    clock.advance(FIRST_WAIT_MS)
    assert runner.step() == 1
    (sent,) = notifier.sent
    assert "7 occurrences of 7 events failed." in text_of(sent)
    assert "and 2 more" in text_of(sent)
    clock.advance(NEXT_WAIT_MS)
    assert runner.step() == 0


def test_whoever_changes_alerts_again_and_again_keeps_no_other_waiting(
    services, runner, notifier, alert, fail, clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change has what failed tried again at once; one look sends so many and no more."""
    monkeypatch.setattr(module, "AT_ONCE", 2)
    first = services.storage.alerts.get(alert)
    others = [
        services.alerts.create(
            {
                "name": "x",
                "type": first.kind,
                "on": first.conditions,
                "url": "https://chat.example",
            },
            MASTER,
        ).alert.id
        for _ in range(2)
    ]
    clock.advance(1)
    services.alerts.update(alert, {"name": "slow"}, MASTER)
    fail()
    runner.step()
    clock.advance(FIRST_WAIT_MS)
    assert runner.step() == 2
    assert services.storage.alerts.groups().keys() == {alert}
    assert services.storage.alerts.all_sends().keys() == set(others)


def test_nothing_stays_of_an_alert_that_is_deleted_while_it_is_told(
    services, runner, notifier, alert, fail, clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is read every second: who makes and deletes alerts must not make it grow."""
    store, kind = services.storage.alerts, AlertType.SLACK
    given = {"name": "x", "type": kind, "on": ("dead_letter",), "url": "https://chat.example/y"}
    found, told = (services.alerts.create(given, MASTER).alert.id for _ in range(2))
    fail()
    with monkeypatch.context() as patched:
        known = runner._store.known
        patched.setattr(runner._store, "known", lambda: (store.delete(found), known())[1])
        runner.step()
    clock.advance(FIRST_WAIT_MS)
    notifier.send = lambda outgoing, now_us: (store.delete(told), [None for _ in outgoing])[1]
    assert runner.step() == 2
    runner.step()
    client = services.storage.client
    assert client.hkeys("qh:{alerts}:sends") == [alert.encode()]
    assert client.hkeys("qh:{alerts}:groups") == []


def test_after_one_the_next_waits_and_gathers(runner, notifier, alert, fail, clock) -> None:
    for _ in range(3):
        fail()
        runner.step()
        clock.advance(FIRST_WAIT_MS)
        runner.step()
    assert len(notifier.sent) == 1
    clock.advance(NEXT_WAIT_MS)
    assert runner.step() == 1
    assert "2 occurrences of 2 events failed." in text_of(notifier.sent[1])


def test_a_process_that_dies_before_it_has_told_loses_nothing(
    services, runner, notifier, alert, fail, clock
) -> None:
    """Another one leads when the lease is over."""
    fail(2)
    runner.step()
    other = runner_with(services, notifier)
    clock.advance(FIRST_WAIT_MS)
    assert other.step() == 0
    services.storage.client.delete("qh:{alerts}:leader")
    assert other.step() == 1
    assert "2 occurrences of 2 events failed." in text_of(notifier.sent[0])


def test_what_may_have_arrived_is_sent_again_under_the_same_key(
    services, runner, notifier, alert, fail, clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail()
    runner.step()
    clock.advance(FIRST_WAIT_MS)
    with monkeypatch.context() as patched:
        patched.setattr(runner._store, "note", lambda *_: False)  # it dies after it has sent
        runner.step()
    key = services.storage.alerts.groups()[alert].key
    runner.step()
    assert len(notifier.sent) == 2
    assert notifier.sent[0].body == notifier.sent[1].body
    assert key
    assert services.storage.alerts.groups() == {}


def test_what_does_not_arrive_is_tried_again_and_shown(
    services, runner, notifier, alert, fail, clock
) -> None:
    fail()
    runner.step()
    for _ in range(3):
        notifier.said = ["the receiver answered 500"]
        clock.advance(FIRST_WAIT_MS + 8 * RETRY_FIRST_MS)
        assert runner.step() == 0
    view = services.alerts.get(alert, MASTER)
    assert (view.sends.is_failing, view.sends.error) == (True, "the receiver answered 500")
    assert runner.step() == 0
    assert len(notifier.sent) == 3
    clock.advance(8 * RETRY_FIRST_MS)
    assert runner.step() == 1
    assert not services.alerts.get(alert, MASTER).sends.is_failing


def test_one_alert_that_fails_holds_up_no_other(
    services, runner, notifier, alert, fail, clock
) -> None:
    given = {"name": "b", "type": AlertType.SLACK, "on": (Condition.DEAD_LETTER,)}
    services.alerts.create({**given, "url": "https://chat.example/y", "tags": ("red",)}, MASTER)
    runner.step()
    fail()
    runner.step()
    notifier.said = ["away", None]
    clock.advance(FIRST_WAIT_MS)
    assert runner.step() == 1


def test_without_alerts_nothing_is_looked_for_and_nothing_kept(
    services, runner, alert, fail, clock
) -> None:
    fail()
    runner.step()
    services.alerts.delete(alert, MASTER)
    runner.step()
    assert services.storage.client.keys("qh:{alerts}*") in ([], [b"qh:{alerts}:leader"])
    calls = services.storage.client.info("commandstats")
    assert runner.step() == 0
    after = services.storage.client.info("commandstats")
    assert after.get("cmdstat_zrangebyscore") == calls.get("cmdstat_zrangebyscore")


def test_the_loop_goes_on_whatever_happens(runner, alert, monkeypatch, caplog) -> None:
    stop, looks = threading.Event(), iter([StoreUnavailable(), ValueError("broken"), None])

    def step() -> int:
        error = next(looks)
        if error is None:
            stop.set()
            return 0
        raise error

    monkeypatch.setattr("app.engine.alert_runner.LOOK_S", 0.001)
    monkeypatch.setattr("app.engine.alert_runner.AWAY_S", 0.001)
    monkeypatch.setattr(runner, "step", step)
    runner.run(stop)
    assert "alerts could not be looked for" in caplog.text


def test_people_read_it_by_mail_and_in_a_chat(services: Services, fail, clock: FakeClock) -> None:
    with MailReceiver() as server, Receiver() as receiver:
        mailer = Mailer(MailServer("127.0.0.1", server.port, "off"), "q@sender.example")
        notifier = Notifier(lambda count: CurlSender(HERE, count), mailer)
        runner = runner_with(services, notifier)
        sending: AlertSending = replace(services.alerts.sending, notifier=notifier)
        alerts = replace(services.alerts, sending=sending)
        on = (Condition.DEAD_LETTER, Condition.FAILING)
        for given in (
            {"type": AlertType.MAIL, "to": ("a@b.example",)},
            {"type": AlertType.SLACK, "url": receiver.url("/slack")},
            {"type": AlertType.TEAMS, "url": receiver.url("/teams")},
        ):
            alerts.create({"name": "on call", "on": on, **given}, MASTER)
        runner.step()
        fail(3)
        runner.step()
        clock.advance(FIRST_WAIT_MS)
        assert runner.step() == 3
    (mail,) = server.mails
    assert mail["Subject"] == "[Qhronos] 3 occurrences of 3 events failed (and 1 more)"
    assert "http://127.0.0.1:8080/console/dead-letters" in mail.get_content()
    (slack,) = receiver.requests_to("/slack")
    assert "3 events have begun to fail." in slack.json["text"]
    (teams,) = receiver.requests_to("/teams")
    assert teams.json["attachments"][0]["content"]["type"] == "AdaptiveCard"
