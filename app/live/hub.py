"""The live connections of one process: who they are, what they are sent and what they say.

All of it runs in the event loop. What waits for the store is done by a few threads (see ``desk``).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence

from app.api.http.credentials import Bearer
from app.errors import InvalidInput, QhronosError, StoreUnavailable
from app.live import messages
from app.live.asker import Asker
from app.live.clients import BROKEN, Clients
from app.live.connected import Connected, Subscription
from app.live.desk import Desk
from app.live.ears import Ears
from app.live.groups import Groups, event_form
from app.live.messages import ClientHook, TagListener
from app.live.places import SHARE_TAKEN, LivePlaces
from app.live.socket import GOING_AWAY, INTERNAL, POLICY, TRY_LATER, LiveSocket
from app.live.streams import Streams
from app.store.live import Hint, Mail

log = logging.getLogger(__name__)

FIRST_S = 10.0
"""How long a client may take to say who it is."""

PING_S = 20.0
"""After so long without a sign of life a client is asked for one; after twice that it is cut."""

RENEW_S = 20.0
"""How often the store is told that the connections are still there."""

LOOK_S = 5.0
"""How often tokens are looked at again, if nobody says that one was revoked."""

TOO_LATE = f"Say who you are within {FIRST_S:g} seconds."
AWAY = "The store does not answer; connect again in a moment."
NO_MORE = "This token is no longer valid; connect with another one."


class Hub:
    """All of them."""

    def __init__(self, desk: Desk, loop: asyncio.AbstractEventLoop, most: int) -> None:
        """``most`` connections at once."""
        self._desk = desk
        self._loop = loop
        self._most = most
        self._asker = Asker(loop)
        self._clients = Clients(desk, self._asker, loop)
        self._groups = Groups()
        self._streams = Streams(desk, self._asker, self._groups)
        self._sockets: dict[LiveSocket, Connected | None] = {}
        """Each with who it is, if it has said so."""
        self._ears: Ears | None = None
        """There while there are connections."""
        self._places, self._numbers = LivePlaces(), 0
        self._renewed_s = self._looked_s = 0.0
        self._is_looking = self._is_stopping = False

    @property
    def is_full(self) -> bool:
        """Whether there is no room for one more."""
        return self.size >= self._most or self._is_stopping

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self._sockets) + len(self._streams.all)

    def has_room_for(self, bearer: Bearer) -> bool:
        """Whether its owner may have one more."""
        return self._places.has_room_for(bearer, self._most)

    def open(self, transport: asyncio.Transport) -> LiveSocket:
        """Take over a connection that has become a websocket."""
        socket = LiveSocket(transport, self, self._loop.time())
        self._sockets[socket] = None
        self._ensure_ears()
        return socket

    async def stream(
        self, subscription: Subscription, hang_up: Callable[[], object] = lambda: None
    ) -> AsyncGenerator[bytes, None]:
        """What changes from now on, or from where the subscription says, piece by piece.

        ``hang_up`` ends the connection of a client that takes too little of it.
        """
        ears = self._ensure_ears()
        stream = self._streams.open(subscription, ears, hang_up)
        self._places.take(subscription.bearer)
        try:
            async for piece in stream.pieces():
                yield piece
        finally:
            self._streams.close(stream)
            self._places.give_back(subscription.bearer)
            self._rest()

    def _ensure_ears(self) -> Ears:
        if self._ears is None:
            self._ears = self._listen()
            self._loop.call_later(1.0, self._tick, self._ears)
        return self._ears

    def _rest(self) -> None:
        """Hear nothing more if there is nobody to pass it on to."""
        if not self._sockets and not self._streams.all and self._ears is not None:
            self._ears.close()
            self._ears = None

    def stop(self) -> None:
        """Have all clients connect elsewhere: this process ends."""
        self._is_stopping = True
        for socket in list(self._sockets):
            socket.close(GOING_AWAY, "this process ends; connect again")
        self._streams.end_all()

    def said(self, socket: LiveSocket, text: str) -> None:
        """Handle a message."""
        member = self._sockets.get(socket)
        if member is None:
            self._greet(socket, text)
        elif member.bearer is None:  # it has not waited for its answer
            member.said.append(text)
        elif isinstance(member.first, ClientHook):
            self._clients.said(member, member.bearer, text)
        else:
            socket.say(messages.error(messages.refuse_of_listener(text).message))
            socket.handled()

    def gone(self, socket: LiveSocket) -> None:
        """Forget a connection."""
        member = self._sockets.pop(socket, None)
        if member is not None:
            self._let_go(member)
        self._rest()

    def _let_go(self, member: Connected) -> None:
        if member.group is not None:
            self._groups.leave(member.socket, member.group)
        if member.bearer is not None:
            self._places.give_back(member.bearer)
        if isinstance(member.first, ClientHook):
            self._clients.remove(member, member.first.client_name)

    def _greet(self, socket: LiveSocket, text: str) -> None:
        try:
            first = messages.read_first(text)
        except InvalidInput as error:
            socket.handled()
            self._turn_away(socket, error.message)
            return
        self._numbers += 1
        member = self._sockets[socket] = Connected(socket, self._numbers, first)
        if isinstance(first, ClientHook):
            self._clients.add(member)
        ears = self._ears

        def admit() -> Bearer:
            if ears is not None:
                ears.await_ready()
            return self._desk.admit(first, member.number)

        self._asker.ask(admit, lambda result: self._admitted(member, result))

    def _admitted(self, member: Connected, result: Bearer | Exception) -> None:
        socket = member.socket
        socket.handled()
        if isinstance(result, Exception):
            self._refuse(socket, result)
            return
        if socket not in self._sockets:
            self._let_go(member)  # it has not waited, and the store has it again since
            return
        if not self.has_room_for(result):
            self._turn_away(socket, SHARE_TAKEN, TRY_LATER)
            return
        self._places.take(result)
        member.bearer = result
        socket.say(messages.welcome())
        if isinstance(member.first, TagListener):
            tags = member.first.tags
            member.group = self._groups.join(socket, result.access, tags, event_form)
        else:
            self._clients.welcome(member)
        said, member.said = member.said, []
        for text in said:
            self.said(socket, text)

    def _refuse(self, socket: LiveSocket, error: Exception) -> None:
        if isinstance(error, StoreUnavailable):
            self._turn_away(socket, AWAY, TRY_LATER)
        elif isinstance(error, QhronosError):
            self._turn_away(socket, error.message)
        else:
            log.error("a live connection could not be made", exc_info=error)
            self._turn_away(socket, BROKEN, INTERNAL)

    def _turn_away(self, socket: LiveSocket, message: str, code: int = POLICY) -> None:
        socket.say(messages.error(message))
        socket.close(code)

    # What has to be done from time to time

    def _tick(self, ears: Ears) -> None:
        """Once a second, while there are connections."""
        if ears is not self._ears:
            return
        now_s = self._loop.time()
        for socket, member in list(self._sockets.items()):
            if (member is None or member.bearer is None) and now_s > socket.began_s + FIRST_S:
                self._turn_away(socket, TOO_LATE)
            elif now_s > socket.heard_s + 2 * PING_S:
                socket.cut()
            elif now_s > max(socket.heard_s, socket.pinged_s) + PING_S:
                socket.ping(now_s)
        self._clients.end_overdue(now_s)
        if now_s > self._renewed_s + RENEW_S:
            self._renew()
        self._look(now_s)
        self._loop.call_later(1.0, self._tick, ears)

    def _renew(self) -> None:
        self._renewed_s = self._loop.time()
        tags: set[str] = set()
        clients = []
        of_streams = self._streams.interest()
        for one in self._sockets.values():
            if one is None or one.bearer is None:
                continue
            if isinstance(one.first, TagListener):
                tags |= one.first.tags
            else:
                clients.append((one.first.client_name, one.number, one.bearer, len(one.pending)))

        def renew() -> None:
            self._desk.listen(tags)
            self._desk.keep_subscribed(of_streams)
            for name, number, bearer, count in clients:
                self._desk.connect(name, number, bearer.access)
                self._desk.note_waiting(name, number, count)
                if not self._clients.has(number):  # it has gone meanwhile
                    self._desk.disconnect(name, number, {})

        self._asker.ask(renew)

    def _look(self, now_s: float) -> None:
        """Turn away those whose tokens hold no more."""
        if self._is_looking or now_s < self._looked_s + LOOK_S:
            return
        self._is_looking, self._looked_s = True, now_s
        bearers = {one.jti: one.bearer for one in self._sockets.values() if one and one.bearer}
        bearers |= {one.bearer.jti: one.bearer for one in self._streams.all}

        def looked(ended: dict[str, str] | Exception) -> None:
            self._is_looking = False
            if isinstance(ended, Exception):
                return  # the store is away: looked at again
            for socket, one in list(self._sockets.items()):
                if one is not None and one.jti in ended:
                    self._turn_away(socket, NO_MORE)
            self._streams.end_of(ended)

        self._asker.ask(lambda: self._desk.ended(bearers.values()), looked)

    def _listen(self) -> Ears:
        def hear(function: Callable[..., object], *args: object) -> None:
            if self._ears is ears:  # others hear for a moment after they were closed
                function(*args)

        def call(function: Callable[..., object], *args: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(hear, function, *args)

        ears = Ears(
            self._desk.live,
            self._desk.clock,
            self._desk.process,
            lambda mail: call(self._hear, mail),
            lambda told: call(self._groups.tell, told),
            lambda: call(self._renew),
            lambda: call(self._streams.missed),
        )
        return ears

    def _hear(self, mail: Sequence[Mail]) -> None:
        self._clients.deliver(one for one in mail if isinstance(one, bytes))
        for one in mail:
            if isinstance(one, Hint):
                self._streams.hint(one.tags)
        if None in mail:  # tokens were revoked
            self._looked_s = 0.0
            self._look(self._loop.time())
