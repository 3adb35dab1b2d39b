"""The client-hooks of one process: what is passed on to them, and what they acknowledge."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from app.api.http.credentials import Bearer
from app.delivery.live_message import Passed, read_passed
from app.errors import InvalidInput, QhronosError, StoreUnavailable
from app.live import messages
from app.live.asker import Asker
from app.live.connected import Connected
from app.live.desk import Desk
from app.live.messages import Ack, ClientHook
from app.live.socket import text_frame

log = logging.getLogger(__name__)

NOTE_S = 0.02
"""How long the store waits to be told how much a client has not acknowledged: often it is more than
one message."""

BROKEN = "Something broke on our side; connect again."


class Clients:
    """All of them, in the event loop."""

    def __init__(self, desk: Desk, asker: Asker, loop: asyncio.AbstractEventLoop) -> None:
        self._desk = desk
        self._asker = asker
        self._loop = loop
        self._members: dict[int, Connected] = {}

    def add(self, member: Connected) -> None:
        """What comes for it is kept from now on."""
        self._members[member.number] = member

    def has(self, number: int) -> bool:
        """Whether a client has not gone; may be asked by any thread."""
        return number in self._members

    def welcome(self, member: Connected) -> None:
        """It has had its answer: now it is sent what came before."""
        if member.early:
            member.socket.write(b"".join(member.early))
            member.early.clear()

    def remove(self, member: Connected, name: str) -> None:
        """It is gone: what it has not acknowledged has failed, for now."""
        self._members.pop(member.number, None)
        pending = {one: attempt for one, (attempt, _) in member.pending.items()}
        member.pending.clear()
        self._asker.ask(lambda: self._desk.disconnect(name, member.number, pending))

    def deliver(self, mail: Iterable[bytes]) -> None:
        """Pass on what has come for clients."""
        now_s = self._loop.time()
        frames: dict[Connected, list[bytes]] = {}
        for raw in mail:
            passed = read_passed(raw)
            member = self._members.get(passed.number)
            if member is None or member.socket.is_closing:
                self._fail(passed)
                continue
            until_s = now_s + passed.timeout_ms / 1000
            member.pending[passed.occurrence_id] = (passed.attempt, until_s)
            frames.setdefault(member, []).append(text_frame(passed.text))
        for member, data in frames.items():
            if member.bearer is None:
                member.early += data
            else:
                member.socket.write(b"".join(data))

    def said(self, member: Connected, bearer: Bearer, text: str) -> None:
        """Handle a message."""
        try:
            ack = messages.read_ack(text)
        except InvalidInput as error:
            member.socket.say(messages.error(error.message))
            member.socket.handled()
            return
        sent = member.pending.get(ack.occurrence_id)
        attempt = None if sent is None else sent[0]
        name = member.first.client_name if isinstance(member.first, ClientHook) else ""
        self._asker.ask(
            lambda: self._desk.ack(ack, name, attempt, bearer.access),
            lambda failed: self._acknowledged(member, ack, failed),
        )

    def _acknowledged(self, member: Connected, ack: Ack, failed: Exception | None) -> None:
        member.socket.handled()
        if failed is None:
            member.socket.say(messages.acknowledged(ack))
        elif isinstance(failed, QhronosError):
            member.socket.say(messages.error(failed.message, ack))
        else:
            log.error("an acknowledgement could not be recorded", exc_info=failed)
            member.socket.say(messages.error(BROKEN, ack))
        if not isinstance(failed, StoreUnavailable):
            self._settle(member, ack.occurrence_id)

    def end_overdue(self, now_s: float) -> None:
        """Forget what was not acknowledged in time: the engine has it fail."""
        for member in self._members.values():
            for one in [one for one, (_, until_s) in member.pending.items() if until_s < now_s]:
                self._settle(member, one)

    def _settle(self, member: Connected, occurrence_id: str) -> None:
        if member.pending.pop(occurrence_id, None) is not None and member.is_noted:
            member.is_noted = False
            self._loop.call_later(NOTE_S, self._note, member)

    def _note(self, member: Connected) -> None:
        member.is_noted = True
        if member.number in self._members and isinstance(member.first, ClientHook):
            name, count = member.first.client_name, len(member.pending)
            self._asker.ask(lambda: self._desk.note_waiting(name, member.number, count))

    def _fail(self, passed: Passed) -> None:
        """Nobody is there (any more) to have it: see to it that nothing else comes for them."""
        pending = {passed.occurrence_id: passed.attempt}
        name, number = passed.client_name, passed.number
        self._asker.ask(lambda: self._desk.disconnect(name, number, pending))
