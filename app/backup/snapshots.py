"""A snapshot of the store: the server is asked for one as a new replica would.

The server forks, and the child writes what was there at that moment while the parent goes on. So
it is one point in time, whatever is written meanwhile, and neither the server's disk nor its
configuration is touched. It takes the rights of SYNC and REPLCONF.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any, cast

import redis

from app.backup.packing import BackupHeader
from app.backup.wording import BackupRefused
from app.store import keys
from app.store.connection import StoreClient
from app.store.meta_field import MetaField

QUIET_S = 60.0
"""How long a server may say nothing. While it saves, it sends an empty line each second or so."""

CLOSING_S = 5.0

_READ = 1 << 18
_MARK = 40
"""Bytes of the mark that ends a snapshot of which the server does not know the length."""

_SEAL = b"seal:"


def describe(client: StoreClient, version: str) -> BackupHeader:
    """What a snapshot that is taken now will be; raises ``BackupRefused`` for an unused store."""
    meta: dict[bytes, bytes] = cast("dict[bytes, bytes]", client.hgetall(keys.META.decode()))
    if not meta:
        raise BackupRefused("The store is empty: there is nothing to back up.")
    seconds, micros = client.time()
    return BackupHeader(
        version=version,
        taken_ms=int(seconds) * 1000 + int(micros) // 1000,
        schema=int(meta.get(MetaField.SCHEMA.encode(), b"0")),
        partitions=int(meta.get(MetaField.PARTITIONS.encode(), b"1")),
        server=_server(client),
        instance=meta.get(MetaField.INSTANCE.encode(), b"").decode(),
        keys=tuple(sorted(one[len(_SEAL) :].decode() for one in meta if one.startswith(_SEAL))),
    )


def _server(client: StoreClient) -> str:
    try:
        info: dict[str, Any] = client.info("server")
    except redis.exceptions.RedisError:
        return ""
    name = info.get("server_name", "redis")
    return f"{name} {info.get(f'{name}_version', info.get('redis_version', ''))}"


def snapshot(client: StoreClient) -> Iterator[bytes]:
    """Ask for a snapshot, and yield it in pieces; raises ``BackupRefused``."""
    return snapshot_on(client.new_connection())


def snapshot_on(connection: Any) -> Iterator[bytes]:
    """Ask for a snapshot on a connection, which then ends."""
    try:
        with _refusals():
            connection.connect()
            for option in (("capa", "eof"), ("rdb-only", "1")):
                connection.send_command("REPLCONF", *option)
                # (Servers before 7.0 do not know the second one: they go on as to a replica.)
                with contextlib.suppress(redis.exceptions.ResponseError):
                    connection.read_response()
        yield from _Transfer(vars(connection)["_sock"]).pieces()
    finally:
        connection.disconnect()


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (redis.exceptions.RedisError, OSError) as error:
        raise _refused(str(error)) from None


def _refused(said: str) -> BackupRefused:
    return BackupRefused(
        f"The store gives no snapshot ({said.strip()}): its user needs the rights of SYNC and "
        "REPLCONF; where the provider grants them to nobody, use the snapshots of the provider."
    )


class _Transfer:
    """Reads what the server sends after SYNC: ``$<length>`` or ``$EOF:<mark>``, then the data."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._held = b""

    def pieces(self) -> Iterator[bytes]:
        self._socket.settimeout(QUIET_S)
        with _refusals():
            self._socket.sendall(b"*1\r\n$4\r\nSYNC\r\n")
            line = self._line()
        if not line.startswith(b"$"):
            raise _refused(line.lstrip(b"-").decode(errors="replace"))
        if line.startswith(b"$EOF:"):
            return self._until(line.removeprefix(b"$EOF:"))
        return self._exactly(int(line[1:]))

    def _line(self) -> bytes:
        """The first line that is not empty: those say that the server is still there."""
        while True:
            line, found, rest = self._held.partition(b"\n")
            if found:
                self._held = rest
                if line.strip():
                    return line.strip()
            else:
                self._held += self._more()

    def _exactly(self, left: int) -> Iterator[bytes]:
        piece = self._held
        while left:
            piece = (piece or self._more_data())[:left]
            left -= len(piece)
            yield piece
            piece = b""

    def _until(self, mark: bytes) -> Iterator[bytes]:
        held = self._held
        while not held.endswith(mark):
            if len(held) > _MARK:
                yield held[:-_MARK]
                held = held[-_MARK:]
            held += self._more_data()
        if held[:-_MARK]:
            yield held[:-_MARK]
        self._await_end()

    def _await_end(self) -> None:
        """Let the server close the connection: if we did, it would log that its child was lost."""
        self._socket.settimeout(CLOSING_S)
        with contextlib.suppress(OSError):
            while self._socket.recv(_READ):
                pass

    def _more_data(self) -> bytes:
        try:
            return self._more()
        except OSError as error:
            raise BackupRefused(f"The store broke off the snapshot ({error}): try again.") from None

    def _more(self) -> bytes:
        piece = self._socket.recv(_READ)
        if not piece:
            raise ConnectionError("it closed the connection")
        return piece
