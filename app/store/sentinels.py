"""Which host a server is on now, as the Sentinels say that watch it.

The client's library has classes for this. They ask no Sentinel after the first that answers, which
may be cut off with a server that is no primary any more; they leave an answer unread in a
connection that a signal interrupts; and they learn of a failover from a connection that breaks,
which one to a host that has vanished does not. So all Sentinels are asked here, again and again,
and what is connected to another host than the primary is cut off at once.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import redis

ASK_EVERY_S = 0.5
"""How often a process asks where the primary is; it knows of a failover so much later."""

FRESH_S = 0.1
"""How long an answer serves for other connections that are made."""

PATIENCE_S = 0.5
"""How long a Sentinel may take to connect, and to answer."""

LEFT_ALONE_S = 5.0
"""How long one that did not answer is asked no more, while another one does."""

Address = tuple[str, int]


class NoPrimary(redis.exceptions.ConnectionError):
    """No Sentinel says where the primary is."""

    def __init__(self, sentence: str, *, heals: bool) -> None:
        """Keep what is wrong, without the variable it is about; ``heals``: it may become well."""
        self.sentence, self.heals = sentence, heals
        super().__init__(sentence)


class Primary:
    """One server that moves from host to host; shared by all connections of a process to it."""

    def __init__(self, name: str, clients: Sequence[redis.Redis]) -> None:
        """``clients`` are of the Sentinels; each waits ``PATIENCE_S`` at most."""
        self.name = name
        self._clients = clients
        self._addresses = tuple(map(_place_of, clients))
        self._silent_until_s = [0.0] * len(clients)
        self._known: Address | None = None
        self._asked_s = -FRESH_S
        self._lock = threading.Lock()
        self._followers: weakref.WeakSet[Any] = weakref.WeakSet()
        self._on_move: list[weakref.WeakMethod[Callable[[], None]]] = []
        self._is_watched = False

    @property
    def known(self) -> str:
        """Where it was last, or else where the Sentinels are."""
        return _place(self._known) if self._known else ", ".join(self._addresses)

    @property
    def silent(self) -> list[str]:
        """The Sentinels that do not answer."""
        now_s = time.monotonic()
        pairs = zip(self._addresses, self._silent_until_s, strict=True)
        return [place for place, until_s in pairs if until_s > now_s]

    def locate(self, within_s: float = FRESH_S) -> Address:
        """Where it is; raises ``NoPrimary``. An answer no older than ``within_s`` serves."""
        with self._lock:
            self._watch()
            if self._known is None or time.monotonic() - self._asked_s > within_s:
                found = self._ask()
                self._asked_s = time.monotonic()
                if found != self._known:
                    self._known = found
                    self._leave()
            return self._known

    def follow(self, connection: Any) -> bool:
        """Have a connection cut off when the primary is elsewhere; whether it is where it was."""
        with self._lock:
            self._followers.add(connection)
            return (connection.host, connection.port) == self._known

    def on_move(self, method: Callable[[], None]) -> None:
        """Have a method called, while its object lives, when the primary is found elsewhere."""
        self._on_move.append(weakref.WeakMethod(method))

    def faults(self) -> list[tuple[str, str]]:
        """What is wrong with the Sentinels: a sentence without hosts, and one with them."""
        found = []
        if silent := self.silent:
            found.append(
                (
                    f"{len(silent)} of {len(self._addresses)} Sentinels do not answer",
                    f"Sentinels do not answer: {', '.join(silent)}",
                )
            )
        if sentence := self._no_quorum():
            found.append((sentence, sentence))
        return found

    def _no_quorum(self) -> str:
        """Why there is no failover, in the words of the first Sentinel that answers; else empty."""
        for client in self._clients:
            asked: Any = client
            try:
                asked.execute_command("SENTINEL CKQUORUM", self.name)
            except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
                continue
            except redis.exceptions.ResponseError as error:
                text = str(error)
                return f"the Sentinels can't fail over: {text}" if "NOQUORUM" in text else ""
            return ""
        return ""

    def _ask(self) -> Address:
        """Ask all; the one that knows of the last failover is right (its epoch is the highest)."""
        answers: list[tuple[int, Address]] = []
        refusals: list[redis.exceptions.RedisError] = []
        now_s = time.monotonic()
        rest = [at for at, until_s in enumerate(self._silent_until_s) if until_s <= now_s]
        left_alone = [at for at, until_s in enumerate(self._silent_until_s) if until_s > now_s]
        for numbers in (rest, left_alone):
            for at in numbers:
                try:
                    answers.append(self._asked(self._clients[at]))
                    self._silent_until_s[at] = 0.0
                except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
                    self._silent_until_s[at] = time.monotonic() + LEFT_ALONE_S
                    refusals.append(error)
                except redis.exceptions.RedisError as error:
                    refusals.append(error)
            if answers:
                return max(answers, key=lambda answer: answer[0])[1]
        raise self._why_none(refusals) from refusals[-1]

    def _asked(self, client: redis.Redis) -> tuple[int, Address]:
        pipe: Any = client.pipeline(transaction=False)
        pipe.execute_command("SENTINEL MASTER", self.name)
        # (While a failover ends, the one that leads it tells of the new host here alone.)
        pipe.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", self.name)
        state, address = pipe.execute()
        host, port = address
        text = host.decode() if isinstance(host, bytes) else str(host)
        return int(state.get("config-epoch", 0)), (text, int(port))

    def _why_none(self, refusals: Sequence[redis.exceptions.RedisError]) -> NoPrimary:
        said = [str(error) for error in refusals]
        if any("No such master" in text for text in said):
            return NoPrimary(
                f"know no server {self.name!r}: name it as 'sentinel monitor' does in their files",
                heals=False,
            )
        if any("unknown command" in text for text in said):
            return NoPrimary(
                "are servers themselves: begin with redis:// or rediss://, or name the ports of "
                "the Sentinels",
                heals=False,
            )
        if any(isinstance(one, redis.exceptions.AuthenticationError) for one in refusals):
            return NoPrimary(
                "do not take the user and password of QHRONOS_SENTINEL_USER and "
                "QHRONOS_SENTINEL_PASSWORD: correct them there",
                heals=False,
            )
        if any("permissions" in text for text in said):
            return NoPrimary(
                "do not let the user of QHRONOS_SENTINEL_USER ask for the primary: give that user "
                "the rights of deploy/sentinel.acl",
                heals=False,
            )
        return NoPrimary("do not answer", heals=True)

    def _leave(self) -> None:
        """Cut off what is connected to where the primary is no more."""
        for one in list(self._followers):
            sock = one._sock  # noqa: SLF001 - the client's; it has no other way to interrupt a read
            if sock is not None and (one.host, one.port) != self._known:
                # Not the method of an SSL socket: that would have the rest sent in clear.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for kept in self._on_move:
            if method := kept():
                method()

    def _watch(self) -> None:
        if not self._is_watched:
            self._is_watched = True
            args = (weakref.ref(self), self._clients)
            threading.Thread(target=_keep_asking, args=args, name="sentinels", daemon=True).start()

    @property
    def sentinels(self) -> str:
        """Where the Sentinels are, as the settings name them."""
        return ", ".join(self._addresses)


def _keep_asking(reference: weakref.ref[Primary], clients: Sequence[redis.Redis]) -> None:
    """Ask for as long as anybody else has the primary, then close what it was asked with."""
    while primary := reference():
        with contextlib.suppress(redis.exceptions.RedisError):
            primary.locate(within_s=ASK_EVERY_S / 2)
        del primary
        time.sleep(ASK_EVERY_S)
    for client in clients:
        client.connection_pool.disconnect()


def _place_of(client: redis.Redis) -> str:
    kwargs = client.connection_pool.connection_kwargs
    return _place((kwargs["host"], kwargs["port"]))


def _place(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Led:
    """A connection to wherever the primary is, for as long as it is there."""

    primary: Primary

    def __init__(self, *, primary: Primary, **kwargs: Any) -> None:
        self.primary = primary
        super().__init__(**kwargs)

    def _connect(self) -> Any:
        self.host, self.port = self.primary.locate()
        sock = super()._connect()  # type: ignore[misc]
        self._sock = sock  # first: who learns of a move right behind the next line cuts this off
        if not self.primary.follow(self):
            self._sock = None
            sock.close()
            raise redis.exceptions.ConnectionError("the primary is elsewhere by now")
        return sock

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Read an answer. One that is read-only was the primary: it is left, and asked no more."""
        try:
            return super().read_response(*args, **kwargs)  # type: ignore[misc]
        except redis.exceptions.ReadOnlyError as error:
            self.disconnect()  # type: ignore[attr-defined]
            raise redis.exceptions.ConnectionError("READONLY: it is the primary no more") from error


class PrimaryConnection(_Led, redis.Connection):
    """A connection to the primary."""


class PrimaryTlsConnection(_Led, redis.SSLConnection):
    """The same with TLS."""
