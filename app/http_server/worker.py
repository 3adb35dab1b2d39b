"""gunicorn's asynchronous worker: an idle or slow connection costs it a socket, not a thread."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import OrderedDict
from typing import Any, ClassVar

from gunicorn.workers.gasgi import ASGIWorker

from app.api.http.context import EXTENSION as SERVICES
from app.domain.addresses import Network
from app.http_server import refusals
from app.http_server.connection import Connection
from app.http_server.generations import GENERATIONS
from app.http_server.held_heads import HeldHeads
from app.http_server.requests import MAX_BODY, Requests
from app.live.desk import EXTENSION
from app.live.hub import Hub
from app.metrics.catalogue import CONNECTIONS, LIVE, REFUSED

LIVE_SHARE = 2
"""One of so many connections may be a live one: the others are for requests."""


class AsyncWorker(ASGIWorker):  # type: ignore[misc] # gunicorn has no types
    """A worker that hands whole requests to the application's threads.

    Connections, the time that each may take, and their number are the event loop's business.
    """

    request_s = 10.0
    """Time limit for a whole request to arrive."""

    answer_s = 120.0
    """Time limit for an answer, from then until it is taken; an export may be long."""

    linger_s = 1.0
    """How long to read on after the last answer until the client closes the connection."""

    idle_grace_s = 2.0
    """How long a stopping worker leaves kept connections for one more request, which is answered
    with ``Connection: close``. A connection that is closed unasked may lose a request that is on
    its way (RFC 9112, section 9.3.1)."""

    successor_s = 30.0
    """How long to wait for new workers to serve before this one ends for them."""

    max_body = MAX_BODY

    most_turned_away = 128
    """How many refused connections are read on from; each holds a file."""

    most_held = 33_554_432
    """How many bytes of requests' heads one process holds; a modest request has 1,000."""

    proxies: ClassVar[tuple[Network, ...]] = ()
    """Those that are believed whose request they pass on."""

    live: Hub | None = None
    """The live connections, if the application has any."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.connections: set[Connection] = set()
        self.waiting: OrderedDict[Connection, None] = OrderedDict()
        """Those that wait for their client, the one that has waited longest first."""
        self.heads = HeldHeads[Connection](self.most_held)
        self._turned_away = 0
        self._generation = GENERATIONS.newest
        self._is_asked_to_end = asyncio.Event()

    @classmethod
    def check_config(cls, _cfg: object, _log: object) -> None:
        """Threads do matter here: they answer requests."""

    def load_wsgi(self) -> None:
        """Put the application behind the event loop."""
        application = self.app.wsgi()
        self.asgi = Requests(application, self.cfg.threads, self.proxies)
        make_desk = getattr(application, "extensions", {}).get(EXTENSION)
        if make_desk is not None:
            hub = Hub(make_desk(), self.loop, self.worker_connections // LIVE_SHARE)
            self.live = self.asgi.live = hub
            if services := application.extensions.get(SERVICES):
                registry = services.storage.registry
                registry.take(REFUSED, refusals.REFUSED)
                gauges = registry.gauges
                gauges[CONNECTIONS.name] = lambda: len(self.connections)
                gauges[LIVE.name] = lambda: hub.size

    def admit(self) -> bool:
        """Make room for one more connection; returns whether there is any."""
        if len(self.connections) < self.worker_connections:
            return True
        longest = next(iter(self.waiting), None)
        if longest is None:
            return False
        longest.make_room()
        return True

    def turn_away(self, transport: asyncio.Transport) -> None:
        """Close a connection that was refused, soon enough that they do not pile up."""
        if self._turned_away >= self.most_turned_away:
            transport.close()
            return
        self._turned_away += 1
        if transport.can_write_eof():  # (TLS can't)
            transport.write_eof()
        self.loop.call_later(self.linger_s, self._see_off, transport)

    def _see_off(self, transport: asyncio.Transport) -> None:
        self._turned_away -= 1
        transport.close()

    def init_signals(self) -> None:
        """Until the loop runs, end at a signal: an event loop forgets those that come before."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, lambda *_: sys.exit(0))

    def handle_exit_signal(self) -> None:
        """Be asked to end: at SIGTERM, which the master repeats every second."""
        self._is_asked_to_end.set()

    def handle_quit_signal(self) -> None:
        """Be asked to end at once."""
        super().handle_quit_signal()
        self._is_asked_to_end.set()

    async def _serve(self) -> None:
        super().init_signals()
        tls = self._get_ssl_context()
        for listener in self.sockets:
            server = await self.loop.create_server(
                lambda: Connection(self), sock=listener.sock, backlog=self.cfg.backlog, ssl=tls
            )
            self.servers.append(server)
        GENERATIONS.serve(self._generation)
        self.log.info("Serving (pid: %s)", self.pid)
        while self._goes_on():
            await self._live(1.0)
        if not self._quick_shutdown:
            await self._wait_for_successors()
            await self._shutdown()

    def _goes_on(self) -> bool:
        """Whether nobody has asked it to end, it has a master, and may answer more requests."""
        return self.alive and not self._is_asked_to_end.is_set() and self.ppid == os.getppid()

    async def _live(self, seconds: float) -> None:
        """Show a sign of life, end what is overdue, and let so much time pass."""
        self.notify()
        now_s = self.loop.time()
        for connection in list(self.connections):
            connection.end_if_overdue(now_s)
        if self._is_asked_to_end.is_set():
            await asyncio.sleep(seconds)
        else:
            waiting = self._is_asked_to_end.wait()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(waiting, seconds)

    async def _wait_for_successors(self) -> None:
        until_s = self.loop.time() + self.successor_s
        while (
            self._generation < GENERATIONS.newest
            and GENERATIONS.serving < GENERATIONS.newest
            and not GENERATIONS.is_ending
            and self.loop.time() < until_s
            and self.ppid == os.getppid()
        ):
            await self._live(0.05)

    async def _shutdown(self) -> None:
        """Take no more connections, and let those that are there end well."""
        await asyncio.sleep(0.05)  # those that came before now are taken
        for server in self.servers:
            server.close()
        if self.live is not None:
            self.live.stop()
        self.alive = False  # from now on every answer says that it is its connection's last
        began_s = self.loop.time()
        while self.connections and not self._quick_shutdown:
            spent_s = self.loop.time() - began_s
            if spent_s > self.cfg.graceful_timeout - 0.5:
                break
            if spent_s > min(self.idle_grace_s, self.cfg.graceful_timeout / 2):
                for connection in list(self.connections):
                    connection.close_idle()
            await self._live(0.05)
        for connection in list(self.connections):
            connection.transport.abort()
