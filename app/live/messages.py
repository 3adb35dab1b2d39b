"""What clients and the service say to each other over a websocket. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from app.api.schemas.tags import read_tags
from app.delivery.actions.websocket import NAMING, is_client
from app.errors import InvalidInput

NO_OBJECT = "Send a JSON object with a member 'type'."
FIRST = (
    "Say first who you are: a message of type 'client-hook' with client_name and token, or of type "
    "'tag-listener' with tags and token."
)
UNKNOWN = "A client-hook may send messages of type 'ack', and nothing else."
ONLY_LISTENS = "A tag-listener only listens: it has nothing to acknowledge or to say."
ACK_FORM = "An 'ack' needs event_id and occurrence_id, as in the event's message."
BINARY = "Send text, not binary data."


@dataclass(frozen=True, slots=True)
class ClientHook:
    """The first message of a client that does what events ask for."""

    client_name: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TagListener:
    """The first message of who listens to what is delivered."""

    tags: frozenset[str]
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ack:
    """A client-hook says that it has done what an occurrence asks for."""

    event_id: str
    occurrence_id: str


def read_first(text: str) -> ClientHook | TagListener:
    """Read the first message of a connection; raises ``InvalidInput``."""
    message = _object(text)
    kind, token = message.get("type"), message.get("token")
    if kind not in ("client-hook", "tag-listener"):
        raise InvalidInput(FIRST)
    if not isinstance(token, str) or not token.strip():
        raise InvalidInput("token: Authentication is required: send a token.")
    if kind == "client-hook":
        name = message.get("client_name")
        if not is_client(name):
            raise InvalidInput(f"client_name: {NAMING}")
        return ClientHook(str(name), token.strip())
    tags = message.get("tags")
    if not isinstance(tags, list) or not tags:
        raise InvalidInput("tags: must be a list of one tag or more")
    try:
        return TagListener(frozenset(read_tags(tags)), token.strip())
    except InvalidInput as error:
        # What is wrong with one of them begins with its number.
        raise InvalidInput(f"tags{'.' if error.fields else ': '}{error.message}") from None


def read_ack(text: str) -> Ack:
    """Read a later message of a client-hook; raises ``InvalidInput``."""
    message = _object(text)
    if message.get("type") != "ack":
        raise InvalidInput(UNKNOWN)
    event_id, occurrence_id = message.get("event_id"), message.get("occurrence_id")
    if not isinstance(event_id, str) or not isinstance(occurrence_id, str):
        raise InvalidInput(ACK_FORM)
    return Ack(event_id, occurrence_id)


def refuse_of_listener(text: str) -> InvalidInput:
    """Why a message of a tag-listener is refused: whatever it is."""
    try:
        _object(text)
    except InvalidInput as error:
        return error
    return InvalidInput(ONLY_LISTENS)


def welcome() -> bytes:
    """The answer to a good first message."""
    return b'{"type":"ack","message":"You are connected."}'


def acknowledged(ack: Ack) -> bytes:
    """The answer to an ack that counts."""
    return (
        f'{{"type":"ack","event_id":{quoted(ack.event_id)},'
        f'"occurrence_id":{quoted(ack.occurrence_id)},"message":"It is completed."}}'
    ).encode()


def error(message: str, about: Ack | None = None) -> bytes:
    """Say what to change; ``about``: the ack that does not count."""
    if about is None:
        return f'{{"type":"error","message":{quoted(message)}}}'.encode()
    return (
        f'{{"type":"error","message":{quoted(message)},"event_id":{quoted(about.event_id)},'
        f'"occurrence_id":{quoted(about.occurrence_id)}}}'
    ).encode()


def _object(text: str) -> Mapping[str, Any]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput(NO_OBJECT) from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise InvalidInput(NO_OBJECT)
    return message
