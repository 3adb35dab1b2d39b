"""Commands and replies on one connection of the client, without its pool and its pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis

from app.store.audit_intents import Command


def ask(connection: Any, ahead: Command | None, command: Command) -> Any:
    """Send a command, and the one that goes ahead of it, in one write; returns its reply.

    Both are run or none: a store that is full refuses the one ahead, and would still delete.
    """
    if ahead is None:
        connection.send_command(*command, check_health=False)
        return connection.read_response()
    packed = connection.pack_commands([("MULTI",), ahead, command, ("EXEC",)])
    connection.send_packed_command(packed, check_health=False)
    refusals = []
    for _ in range(3):  # what MULTI says, and that each command is queued, or why it is not
        try:
            connection.read_response()
        except redis.exceptions.ResponseError as error:
            refusals.append(error)
    try:
        replies = connection.read_response()
    except redis.exceptions.ExecAbortError:
        raise refusals[0] from None
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies[1]


def ask_together(connection: Any, commands: Sequence[Sequence[Any]]) -> list[Any]:
    """Send commands in one write; returns their replies, which may be errors."""
    packed = [piece for one in commands for piece in connection.pack_command(*one)]
    return _replies(connection, packed, len(commands))


def read_all(connection: Any, packed: Sequence[bytes]) -> list[Any]:
    """Send commands, each as the protocol has it; returns their replies, raises the first error."""
    replies = _replies(connection, packed, len(packed))
    refused = next((one for one in replies if isinstance(one, Exception)), None)
    if refused is not None:
        raise refused
    return replies


def _replies(connection: Any, packed: Sequence[bytes], count: int) -> list[Any]:
    connection.send_packed_command([b"".join(packed)], check_health=False)
    replies: list[Any] = []
    for _ in range(count):
        try:
            replies.append(connection.read_response())
        except redis.exceptions.ResponseError as error:
            replies.append(error)  # the others' replies are still to come
    return replies


def part(value: bytes) -> bytes:
    """A word of a command, as the protocol of Redis has it (RESP, "bulk strings")."""
    return b"$%d\r\n%s\r\n" % (len(value), value)
