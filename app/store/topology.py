"""Which node of a cluster serves which slot, as its nodes say; shared by all of a process.

The client's library has a class for this. It asks before anything is sent, trusts the first node
that answers, which may be cut off from the others, and learns of a failover from a connection that
breaks, which one to a host that has vanished does not. So the primaries are asked here, together,
again and again; what is connected to a node that is no primary any more is cut off at once, and one
that is silent is left alone until it answers: who waits for it by then waits no longer.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS

from app.store.cluster_writes import Writes
from app.store.nodes import Node, View, is_silence, look_at

ASK_EVERY_S = 0.5
"""How often a process asks the primaries; it knows of a failover so much later."""

FRESH_S = 0.1
"""How long an answer serves for other calls that fail."""

LEFT_ALONE_S = 5.0
"""How long a node that was silent twice is left alone; it is asked meanwhile whether longer."""

BEHIND_S = 5.0
"""How long a node may know less than another one; then the cluster is not the one that it was."""

STRIKES = 2
"""How often in a row a node is silent before it is left alone."""


class NoCluster(redis.exceptions.ConnectionError):
    """No node says which one serves what."""

    def __init__(self, sentence: str, *, heals: bool) -> None:
        """Keep what is wrong, without the variable it is about; ``heals``: it may become well."""
        self.sentence, self.heals = sentence, heals
        super().__init__(sentence)


class NotServed(redis.exceptions.ConnectionError):
    """The slot of a key is served by no node now."""

    def __init__(self, node: Node | None, slot: int) -> None:
        """``node``: the one that serves it and is silent; ``None``: there is none."""
        self.node, self.slot = node, slot
        super().__init__(f"no node serves slot {slot}" if node is None else f"{node.name} is away")


class Topology:
    """The slots of a cluster and their primaries."""

    def __init__(self, seeds: Iterable[tuple[str, int]], kwargs: dict[str, Any]) -> None:
        """``kwargs`` are of a connection to any node, but for host and port."""
        self.kwargs = kwargs
        self._lock, self._asking = threading.RLock(), threading.Lock()
        self._nodes: dict[tuple[str, int], Node] = {}
        self.seeds = tuple(self.node(*seed) for seed in seeds)
        self._slots: list[Node | None] = []
        self._primaries: tuple[Node, ...] = ()
        self._view: View | None = None
        self._epoch, self._taken_s = 0, float("-inf")
        self._asked_s = float("-inf")
        self._followers: weakref.WeakSet[Any] = weakref.WeakSet()
        self._on_move: list[weakref.WeakMethod[Callable[[], None]]] = []
        self._is_watched = False
        self.writes = Writes()

    def node(self, host: str, port: int) -> Node:
        """The node at an address: one and the same each time."""
        with self._lock:
            return self._nodes.setdefault((host, port), Node(host, port))

    def has(self, node: Node) -> bool:
        """Whether a node is still one of the cluster, as far as that is known."""
        return self._nodes.get(node.address) is node

    @property
    def primaries(self) -> tuple[Node, ...]:
        """The nodes that serve slots, in the order of these. Raises ``NoCluster``."""
        if not self._slots:
            self.refresh()
        return self._primaries

    def serving(self, slot: int) -> Node:
        """The node that serves a slot. Raises ``NoCluster``, ``NotServed``."""
        if not self._slots:
            self.refresh()
        node = self._slots[slot]
        if node is None or node.is_left_alone:
            raise NotServed(node, slot)
        return node

    def owner(self, slot: int) -> Node | None:
        """The node that serves a slot, as far as that is known, whether it answers or not."""
        return self._slots[slot] if self._slots else None

    def any(self) -> Node:
        """A primary that answers, as far as that is known. Raises ``NoCluster``."""
        primaries = self.primaries
        return next((one for one in primaries if not one.strikes), primaries[0])

    @property
    def has_other(self) -> bool:
        """Whether there is a primary that has answered last."""
        return any(not one.strikes for one in self._primaries)

    def lost(self, node: Node, error: Exception) -> None:
        """Note that a node gave no answer: others are preferred until it is asked again."""
        if is_silence(error):
            node.strikes = node.strikes or 1

    @property
    def uncovered(self) -> list[tuple[int, int]]:
        """The ranges of slots that no node serves, ends included."""
        found: list[tuple[int, int]] = []
        for slot, node in enumerate(self._slots):
            if node is None and found and found[-1][1] == slot - 1:
                found[-1] = (found[-1][0], slot)
            elif node is None:
                found.append((slot, slot))
        return found

    @property
    def silent(self) -> list[Node]:
        """The seeds and primaries that do not answer."""
        known = dict.fromkeys((*self._primaries, *self.seeds))
        return [node for node in known if node.strikes >= STRIKES]

    def told_by(self, node: Node, error: redis.exceptions.AskError) -> Node:
        """The node that another one has pointed to; without a host, it is on the same one."""
        host = error.host if error.host not in ("", "?") else node.address[0]
        return self.node(host, error.port)

    def moved(self, node: Node, error: redis.exceptions.AskError) -> None:
        """Note where a slot is now, as a node said that it does not serve it (``MOVED``)."""
        with self._lock:
            if self._slots:
                self._slots[error.slot_id] = self.told_by(node, error)
            self._view, self._asked_s = None, float("-inf")  # more may have moved: look soon

    def refresh(self, within_s: float = FRESH_S) -> None:
        """Ask the nodes, unless that was done within so many seconds. Raises ``NoCluster``."""
        with self._asking:
            self._watch()
            if self._slots and time.monotonic() - self._asked_s <= within_s:
                return
            view, now_s = self._ask(), time.monotonic()
            with self._lock:
                self._asked_s = now_s
                is_behind = view.epoch < self._epoch and now_s < self._taken_s + BEHIND_S
                if not is_behind and not view.same_as(self._view):
                    self._take(view)

    def follow(self, connection: Any, node: Node) -> None:
        """Have a connection cut off when its node is a primary no more."""
        connection.node = node
        self._followers.add(connection)

    def on_move(self, method: Callable[[], None]) -> None:
        """Have a method called, while its object lives, when slots are served by another node."""
        self._on_move.append(weakref.WeakMethod(method))

    def _take(self, view: View) -> None:
        slots: list[Node | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        for first, last, (host, port) in view.ranges:
            slots[first : last + 1] = [self.node(host, port)] * (last + 1 - first)
        before = self._primaries
        for place in view.replicas:
            self.node(*place)
        self._slots, self._view, self._epoch = slots, view, view.epoch
        self._taken_s = time.monotonic()
        self._forget(view)
        self._primaries = tuple(dict.fromkeys(one for one in slots if one is not None))
        if before and before != self._primaries:
            primaries = self._primaries
            self._cut_off(lambda one: one.node not in primaries)  # of forgotten ones as well
            for kept in self._on_move:
                if method := kept():
                    method()

    def _forget(self, view: View) -> None:
        """Forget the nodes of which nobody speaks any more."""
        known = {one.address for one in self.seeds} | {place for _, _, place in view.ranges}
        for address in self._nodes.keys() - known - set(view.replicas):
            self._nodes.pop(address).close()

    def _ask(self) -> View:
        """Ask the primaries; if none answers, the others. The highest epoch knows the most.

        Who was silent is asked only if nobody else answers: the callers wait.
        """
        refusals: list[Exception] = []
        known = list(self._nodes.values())
        well = [node for node in known if not node.strikes]
        first = [node for node in well if node in self._primaries]
        then = [node for node in well if node in self.seeds and node not in first]
        rest = [node for node in well if node not in first and node not in then]
        for some in (first, then, rest, [node for node in known if node.strikes]):
            views = []
            for node, answer in look_at(some, self.kwargs):
                self._told(node, silent=isinstance(answer, Exception) and is_silence(answer))
                if isinstance(answer, View):
                    views.append(answer)
                else:
                    refusals.append(answer)
            if views:
                return max(views, key=lambda view: (view.is_ok, view.epoch))
        raise _why_none(refusals)

    def knock(self) -> None:
        """Ask those that were silent whether they are back."""
        for node in [one for one in (*self._primaries, *self.seeds) if one.strikes]:
            self._told(node, silent=not node.answers(self.kwargs))

    def _told(self, node: Node, *, silent: bool) -> None:
        if node.told(silent=silent, alone_s=LEFT_ALONE_S, strikes=STRIKES):
            self._cut_off(lambda one: one.node is node)  # all others are refused at once, too

    def _cut_off(self, is_meant: Callable[[Any], bool]) -> None:
        """Cut off some connections; who waits for an answer there learns of it."""
        for one in list(self._followers):
            sock = one._sock  # noqa: SLF001 - the client's; it has no other way to interrupt a read
            if sock is not None and is_meant(one):
                # Not the method of an SSL socket: that would have the rest sent in clear.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _watch(self) -> None:
        if not self._is_watched:
            self._is_watched = True
            args = (weakref.ref(self),)
            threading.Thread(target=_keep_asking, args=args, name="cluster", daemon=True).start()

    def close(self) -> None:
        """Close what the nodes were asked with."""
        for node in list(self._nodes.values()):
            node.close()


def _keep_asking(reference: weakref.ref[Topology]) -> None:
    """Ask for as long as anybody else has the topology, then close what it was asked with."""
    while topology := reference():
        with contextlib.suppress(redis.exceptions.RedisError):
            topology.refresh(within_s=ASK_EVERY_S / 2)
        topology.knock()
        del topology
        time.sleep(ASK_EVERY_S)


def _why_none(refusals: Sequence[Exception]) -> Exception:
    for error in refusals:
        if "cluster support disabled" in str(error):
            return NoCluster("is no cluster", heals=False)
    for error in refusals:
        if isinstance(error, redis.exceptions.RedisError) and not is_silence(error):
            return error  # of its login, or its rights: that has a sentence of its own
    sentence = "does not answer on any of its nodes"
    found = NoCluster(sentence, heals=True)
    found.__cause__ = refusals[-1] if refusals else None
    return found
