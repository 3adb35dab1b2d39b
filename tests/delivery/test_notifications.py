"""Notifications for chats and webhooks: what users wrote is shown and does nothing else."""

from __future__ import annotations

import json

import pytest

from app.delivery.notifications import Destination, request_of, slack_text
from app.delivery.request import NOBODY, Request
from app.domain.alert_groups import AlertGroup
from app.domain.alert_texts import notification_of
from app.domain.alerts import AlertType, Condition, Finding
from app.domain.signing import body_signature, standard_signature
from tests.support.clock import NOW_MS

HOSTILE = "<!channel> & @here [see](https://evil.example) **x** `y`"
TO = Destination("https://chat.example/hook?a=1", "secret of this alert")


def request(kind: AlertType, name: str = HOSTILE) -> Request:
    finding = Finding(Condition.DEAD_LETTER, NOW_MS, "e", name, "500", occurrence_id="o")
    told = notification_of(
        AlertGroup("key", 0).add([finding]), name, "a1", "https://q.example/console"
    )
    return request_of(kind, TO, told, NOW_MS, NOBODY)


def test_slack_gets_text_that_calls_nobody_and_hides_no_link() -> None:
    sent = request(AlertType.SLACK)
    body = json.loads(sent.body)
    assert (body["mrkdwn"], body["unfurl_links"]) == (False, False)
    for dangerous in ("<!channel>", "@here", "](", "https://evil.example", "`y`"):
        assert dangerous not in body["text"]
    assert "&lt;!channel&gt; &amp;" in body["text"]
    assert "https://q.example/console/occurrences/o" in body["text"]
    assert sent.url == TO.url
    assert not any("signature" in line for line in sent.headers)


def test_teams_gets_a_card_whose_texts_are_shown_as_they_are() -> None:
    body = json.loads(request(AlertType.TEAMS).body)
    (attachment,) = body["attachments"]
    card = attachment["content"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert {one["type"] for one in card["body"]} == {"RichTextBlock"}
    runs = [run for one in card["body"] for run in one["inlines"]]
    assert any(HOSTILE[:20] in run["text"] for run in runs)
    assert [one["url"] for one in card["actions"]] == [
        "https://q.example/console/occurrences/o",
        "https://q.example/console/alerts/a1",
    ]


def test_a_webhook_gets_json_that_its_secret_signs() -> None:
    sent = request(AlertType.WEBHOOK)
    lines = dict(line.split(": ", 1) for line in sent.headers)
    key, at_s = TO.secret.encode(), NOW_MS // 1000
    assert lines["webhook-id"] == "key"
    assert lines["webhook-signature"] == standard_signature(key, "key", at_s, sent.body)
    assert lines["X-Qhronos-Signature"] == body_signature(key, sent.body)
    body = json.loads(sent.body)
    assert (body["type"], body["id"]) == ("qhronos.alert", "key")
    assert body["sections"][0]["heading"] == "1 occurrence of 1 event failed."


@pytest.mark.parametrize("kind", [AlertType.SLACK, AlertType.TEAMS, AlertType.WEBHOOK])
def test_no_notification_is_large(kind: AlertType) -> None:
    assert len(request(kind, "\N{SNOWMAN}" * 10_000).body) < 6_000


def test_what_is_harmless_stays_readable() -> None:
    assert slack_text("the receiver answered 500 (at 10:00)") == (
        "the receiver answered 500 (at 10:00)"
    )
