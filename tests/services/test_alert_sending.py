"""Notifications on their way: each is said to have arrived, or why not, in its place."""

from __future__ import annotations

from dataclasses import replace

from app.delivery.mailer import Mail
from app.delivery.notifications import Destination
from app.delivery.request import Request
from app.domain.alert_texts import trial_of
from app.domain.alerts import Alert, AlertType
from app.services.alert_sending import NO_KEY, NO_URL
from app.wiring.services import Services
from tests.services.test_alerts import FakeNotifier

TOLD = trial_of("k", "n", "a1", "https://q.example/console")


def test_what_cant_be_decrypted_keeps_no_other_from_going(services: Services) -> None:
    sending = replace(services.alerts.sending, notifier=FakeNotifier(None, "away"))
    slack = Alert("a1", "n", AlertType.SLACK, ())
    mail = replace(slack, kind=AlertType.MAIL, to=("a@b.example",))
    broken = replace(slack, sealed=b"nothing that we have sealed")
    assert sending.send([(mail, TOLD), (broken, TOLD), (slack, TOLD)]) == [None, NO_KEY, "away"]
    sent = sending.notifier.sent  # type: ignore[attr-defined]
    assert [type(one) for one in sent] == [Mail, Request]


def test_a_url_that_cant_be_used_keeps_no_other_from_going(services: Services) -> None:
    """One that was stored unchecked must not end the alerts of everybody else."""
    sending = replace(services.alerts.sending, notifier=FakeNotifier(None))
    slack = Alert("a1", "n", AlertType.SLACK, ())
    bad = replace(slack, sealed=sending.secrets.seal("a1", Destination("http://\u00fc \u00fc/x")))
    mail = replace(slack, kind=AlertType.MAIL, to=("a@b.example",))
    assert sending.send([(bad, TOLD), (mail, TOLD)]) == [NO_URL, None]
