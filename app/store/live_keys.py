"""The keys of live connections, in one slot; all of them end by themselves.

What is lost with them is sent again: they are no record.

    key                               type    member → score, or fields
    qh:{live}:client:<name>           zset    connection (``<process>:<number>``) → its last turn;
                                              those of one client name (a minute, renewed)
    qh:{live}:scopes:<name>           hash    connection → the tags that its token may change, one a
                                              line and a line end around each; ``*``: all
    qh:{live}:waiting:<name>          hash    connection → messages that it has not acknowledged
    qh:{live}:interest                zset    tag → until when somebody listens to it; ``*``: to all
    qh:{live}:interest:version        string  another one when a tag comes to them
    qh:{live}:told                    stream  what listeners are told: tags, message (10 minutes)
    qh:live:<process>                 channel what one process is to pass on to its connections
    qh:live:revoked                   channel tokens were revoked: look at those that are connected
    qh:live:hints                     channel something that has these tags has changed
"""

from __future__ import annotations

PREFIX = b"qh:{live}:"
INTEREST = PREFIX + b"interest"
INTEREST_VERSION = PREFIX + b"interest:version"
TOLD = PREFIX + b"told"
REVOKED = b"qh:live:revoked"
HINTS = b"qh:live:hints"

EVERYTHING = "*"
"""Stands for all tags, and for events that have none."""

HINTED = ","
"""No tag has a comma: somebody wants to know that something has changed, and not what."""


def client(name: str) -> bytes:
    """The connections of one client name."""
    return PREFIX + b"client:" + name.encode()


def scopes(name: str) -> bytes:
    """What each of them may have."""
    return PREFIX + b"scopes:" + name.encode()


def waiting(name: str) -> bytes:
    """How much each of them has not acknowledged."""
    return PREFIX + b"waiting:" + name.encode()


def mailbox(process: str) -> bytes:
    """The channel of one process."""
    return b"qh:live:" + process.encode()
