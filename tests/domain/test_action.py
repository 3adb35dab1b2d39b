"""Actions: whom each reaches, and that users get back what they wrote."""

from __future__ import annotations

from app.domain.action import Action, action_from_json, short_form, webhook

URL = "https://example.com/hook"


def test_a_webhook_reaches_its_url() -> None:
    assert webhook(URL).target == URL


def test_what_has_no_url_is_known_by_its_client() -> None:
    client = Action("websocket", {"client_name": "a"})
    assert (client.target, client.is_http) == ("q:a", False)
    assert short_form(client.short) == client


def test_a_call_has_no_short_form() -> None:
    assert Action("apicall", {"method": "GET", "url": URL}).short is None
    assert short_form(URL) == webhook(URL)
    assert webhook(URL).short == URL


def test_an_action_is_read_back_as_it_was_written() -> None:
    action = webhook(URL)
    assert action.as_json() == {"type": "webhook", "params": {"url": URL}}
    assert action_from_json(action.as_json()) == action
