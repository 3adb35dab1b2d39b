"""What clients may say, and what each wrong message is answered with."""

from __future__ import annotations

import json

import pytest

from app.errors import InvalidInput
from app.live import messages
from app.live.messages import Ack, ClientHook, TagListener


def test_a_tag_that_is_wrong_is_named_by_its_place() -> None:
    for tags, said in (
        (["a", "b,c"], "tags.1: must not contain a comma"),
        ([f"t{number}" for number in range(60)], "tags: must be at most 50 tags"),
    ):
        asked = json.dumps({"type": "tag-listener", "tags": tags, "token": "t"})
        with pytest.raises(InvalidInput) as refused:
            messages.read_first(asked)
        assert refused.value.message == said


def test_a_client_says_its_name_and_a_listener_its_tags() -> None:
    hook = '{"type":"client-hook","client_name":"acme-1","token":" t "}'
    assert messages.read_first(hook) == ClientHook("acme-1", "t")
    listener = '{"type":"tag-listener","tags":["a"," b","a"],"token":"t","more":1}'
    assert messages.read_first(listener) == TagListener(frozenset({"a", "b"}), "t")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "JSON object"),
        ("x", "JSON object"),
        ("[]", "JSON object"),
        ('{"type":1}', "JSON object"),
        ("[" * 60_000, "JSON object"),
        ('{"type":"ack"}', "Say first who you are"),
        ('{"type":"client-hook","client_name":"a"}', "token"),
        ('{"type":"client-hook","client_name":"a","token":""}', "token"),
        ('{"type":"client-hook","client_name":"a","token":7}', "token"),
        ('{"type":"client-hook","token":"t"}', "client_name"),
        ('{"type":"client-hook","client_name":"a b","token":"t"}', "client_name"),
        ('{"type":"client-hook","client_name":["a"],"token":"t"}', "client_name"),
        ('{"type":"tag-listener","token":"t"}', "tags"),
        ('{"type":"tag-listener","tags":[],"token":"t"}', "tags"),
        ('{"type":"tag-listener","tags":"a","token":"t"}', "tags"),
        ('{"type":"tag-listener","tags":["a,b"],"token":"t"}', "comma"),
        ('{"type":"tag-listener","tags":[1],"token":"t"}', "tags"),
    ],
)
def test_a_first_message_that_is_wrong_says_what_to_change(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        messages.read_first(text)


def test_a_client_acknowledges_by_the_ids_of_the_event_message() -> None:
    text = '{"type":"ack","event_id":"e","occurrence_id":"o"}'
    assert messages.read_ack(text) == Ack("e", "o")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("null", "JSON object"),
        ('{"type":"event"}', "nothing else"),
        ('{"type":"ack","event_id":"e"}', "occurrence_id"),
        ('{"type":"ack","event_id":1,"occurrence_id":"o"}', "event_id"),
    ],
)
def test_any_other_message_of_a_client_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        messages.read_ack(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"type":"ack","event_id":"e","occurrence_id":"o"}', messages.ONLY_LISTENS),
        ("not json", messages.NO_OBJECT),
    ],
)
def test_whatever_a_listener_says_is_refused(text: str, words: str) -> None:
    assert messages.refuse_of_listener(text).message == words


def test_what_is_answered_is_json_that_repeats_ids_safely() -> None:
    ack = Ack('e"', "ö\n")
    assert json.loads(messages.acknowledged(ack))["event_id"] == 'e"'
    assert json.loads(messages.error("no", ack)) == {
        "type": "error",
        "message": "no",
        "event_id": 'e"',
        "occurrence_id": "ö\n",
    }
    assert json.loads(messages.error("no")) == {"type": "error", "message": "no"}
    assert json.loads(messages.welcome())["type"] == "ack"


def test_no_token_is_shown_when_a_message_is() -> None:
    assert "secret" not in repr(ClientHook("a", "secret"))
