"""Snapshots of all nodes of a cluster, in one stream.

Each node forks by itself, all at about the same moment, and none before the time that the backup
says. They come in frames, as each node sends: the node's number (1 byte), a length (4 bytes, big
endian), and so many bytes of its snapshot.
"""

from __future__ import annotations

import queue
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from app.backup.packing import BackupHeader, pack
from app.backup.snapshots import snapshot, snapshot_on
from app.backup.wording import BackupRefused
from app.errors import StoreUnavailable
from app.store import keys
from app.store.cluster import ClusterClient
from app.store.connection import StoreClient
from app.store.coordination import Coordination
from app.store.moves import MOVER_MS

_FRAME = struct.Struct(">BI")
_AHEAD = 64
"""Pieces that wait to be written: nodes wait then."""

_MOVED = (
    "Slots of the cluster were moved while the backup was taken, so it may lack what was on the "
    "way: take it again when the cluster is at rest."
)

_REBALANCED = (
    "Events were moved between partitions while the backup was taken, so it may lack one that was "
    "on the way: take it again when 'rebalance' is done."
)

_MARGIN_S = 60
"""So long before the backup nobody may have moved events: their mover may have been held up."""

Piece = tuple[int, bytes | BaseException | None]


def backup_of(client: StoreClient, header: BackupHeader) -> Iterator[bytes]:
    """Make a backup of a store, in pieces; raises ``BackupRefused``."""
    if isinstance(client, ClusterClient):
        nodes = count_nodes(client)
        return pack(replace(header, nodes=nodes), cluster_snapshot(client, nodes))
    return pack(header, snapshot(client))


def count_nodes(client: ClusterClient) -> int:
    """How many nodes the cluster has that serve slots; raises ``BackupRefused`` if one is away."""
    if client.topology.uncovered:
        raise BackupRefused(
            "No node of the cluster serves some of its slots, and the backup would lack what is "
            "in these: take it when all nodes are back."
        )
    return len(_slots(client))


def cluster_snapshot(client: ClusterClient, nodes: int) -> Iterator[bytes]:
    """Ask so many nodes for a snapshot, and yield them in frames; raises ``BackupRefused``."""
    before, begun = _slots(client), time.monotonic()
    if len(before) != nodes:
        raise BackupRefused(_MOVED)
    connections = client.new_connections(before)
    pieces: queue.Queue[Piece] = queue.Queue(_AHEAD)
    stop = threading.Event()
    readers = [
        threading.Thread(target=_read, args=(number, one, pieces, stop), daemon=True)
        for number, one in enumerate(connections)
    ]
    for one in readers:
        one.start()
    left = len(readers)
    try:
        while left:
            number, piece = pieces.get()
            if isinstance(piece, BaseException):
                raise piece
            if piece is None:
                left -= 1
            else:
                yield _FRAME.pack(number, len(piece)) + piece
        if _slots(client) != before:
            raise BackupRefused(_MOVED)
        _refuse_moves(client, time.monotonic() - begun)
    finally:
        stop.set()
        while any(one.is_alive() for one in readers):
            try:
                pieces.get(timeout=0.05)
            except queue.Empty:
                continue


def _read(number: int, connection: Any, pieces: queue.Queue[Piece], stop: threading.Event) -> None:
    try:
        for piece in snapshot_on(connection):
            pieces.put((number, piece))
            if stop.is_set():
                return
        pieces.put((number, None))
    except BaseException as error:  # noqa: BLE001 - it is raised where the pieces are taken
        pieces.put((number, error))


def _slots(client: ClusterClient) -> dict[str, str]:
    """Which slots each node serves, as it says; raises ``BackupRefused`` while one moves."""
    found = {}
    for node, answer in client.on_each("CLUSTER", "NODES").items():
        if isinstance(answer, StoreUnavailable):
            raise BackupRefused(
                f"The node {node} of the cluster does not answer, and the backup would lack what "
                "it has: take it when all nodes are back."
            )
        if isinstance(answer, Exception):
            raise answer
        line = next(one for one in answer.decode().splitlines() if "myself" in one.split()[2])
        found[node] = " ".join(line.split()[8:])
        if "[" in found[node]:
            raise BackupRefused(_MOVED)
    return found


def _refuse_moves(client: StoreClient, taken_s: float) -> None:
    """Raise ``BackupRefused`` if events were moved since the backup was begun, or just before.

    Nodes have their snapshots of different moments: what was moved between them may be in none.
    """
    places = [keys.mover(one) for one in range(Coordination(client).follow_partitions())]
    longest_ms = MOVER_MS - (taken_s + _MARGIN_S) * 1000
    if any(left_ms > longest_ms for left_ms in client.read_each("PTTL", places)):
        raise BackupRefused(_REBALANCED)


class Frames:
    """Takes a stream of frames apart."""

    def __init__(self, nodes: int, write: Callable[[int, bytes], object]) -> None:
        """``write`` is given a node's number and a piece of its snapshot."""
        self._nodes = nodes
        self._write = write
        self._held = bytearray()
        self._node = self._left = 0

    def feed(self, piece: bytes) -> None:
        """Take the next piece; raises ``ValueError`` for a node that there is not."""
        self._held += piece
        while self._held:
            if not self._left:
                if len(self._held) < _FRAME.size:
                    return
                self._node, self._left = _FRAME.unpack_from(self._held)
                if self._node >= self._nodes:
                    raise ValueError(self._node)
                del self._held[: _FRAME.size]
            some = bytes(self._held[: self._left])
            del self._held[: len(some)]
            self._left -= len(some)
            self._write(self._node, some)
