"""Why a store does not serve, in a sentence for the operator: what is wrong, and what to change.

The client's own errors are many, and several of them mean the same or nothing. A sentence names the
variable that leads to the store and the address in it, never a user, a password or a key.
"""

from __future__ import annotations

import re
import socket
import ssl
import stat
from pathlib import Path

import redis

from app.store.causes import Cause, Heals, Server, chain
from app.store.cluster_faults import about_cluster
from app.store.sentinels import NoPrimary


def cause_of(error: BaseException, server: Server) -> Cause:
    """Say why a call failed; ``error`` is what the client raised."""
    for explain in (
        _of_tls,
        _of_sentinels,
        _of_cluster,
        _of_login,
        _of_name,
        _of_address,
        _of_database,
        _of_state,
    ):
        if cause := explain(error, server):
            return cause
    return Cause(f"{server.name} does not answer ({type(error).__name__}).", Heals.YES)


def told_to_all(error: BaseException) -> str:
    """Say why the store does not serve, without its address, as far as ``error`` knows its cause.

    (A ``StoreUnavailable`` was raised from what the client has raised.)
    """
    somewhere = Server("QHRONOS_REDIS_URL", "", tls=False, has_password=True)
    cause = error.__cause__
    is_known = isinstance(cause, redis.exceptions.RedisError)
    return cause_of(cause, somewhere).sentence if cause and is_known else str(error)


def _of_sentinels(error: BaseException, server: Server) -> Cause | None:
    if isinstance(error, NoPrimary):
        where = f"at {server.sentinels} ({server.variable})" if server.sentinels else "of the store"
        name = f"The Sentinels {where}"
        return Cause(f"{name} {error.sentence}.", Heals.YES if error.heals else Heals.NO)
    return None


def _of_cluster(error: BaseException, server: Server) -> Cause | None:
    says, heals = about_cluster(error, server.variable)
    return Cause(f"{server.name} {says}.", Heals.YES if heals else Heals.NO) if says else None


def _of_login(error: BaseException, server: Server) -> Cause | None:
    text, where = str(error), server.variable
    refused = re.search(r"has no permissions to (?:run|access) (?:the )?'?([\w|]*)", text)
    if isinstance(error, redis.exceptions.NoPermissionError) or refused:
        what = f"run {refused[1].upper()}" if refused and refused[1] else "do what is needed"
        return Cause(
            f"{server.name} does not let the user of {where} {what}: give that user the rights of "
            "docs/operations.md.",
            Heals.NO,
        )
    if not isinstance(error, redis.exceptions.AuthenticationError):
        return None
    if "without any password" in text or "no password is set" in text:
        says = f"has no password, but {where} has one: take it away there, or set it in the store"
    elif not server.address:  # it is not known where the password is
        says = f"does not take its user and password: correct {where}, or the file of the password"
    elif server.password_may_change:
        password = f"the password of {where.removesuffix('URL')}PASSWORD_FILE"
        says = f"does not take the user of {where} and {password}: correct them"
        return Cause(f"{server.name} {says}.", Heals.PERHAPS)  # it may be changed just now
    elif server.has_password:
        says = f"does not take the user and password of {where}: correct them there"
    else:
        says = f"requires a password: write it in {where}, as in redis://:password@host:6379/0"
    return Cause(f"{server.name} {says}.", Heals.NO)


def _of_tls(error: BaseException, server: Server) -> Cause | None:
    for each in chain(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            reason = each.verify_message.rstrip(".")
            says = (
                f"shows a certificate that is not accepted ({reason}): name the authority that "
                f"has signed it with ?ssl_ca_certs=/path in {server.variable}, and the host as the "
                "certificate does"
            )
            return Cause(f"{server.name} {says}.", Heals.NO)
        if isinstance(each, ssl.SSLError):
            reason = each.reason or ""
            if "ALERT" in reason:
                return ends_tls(server, reason)
            if reason in _NO_TLS:
                return speaks_no_tls(server)
            return Cause(f"{server.name} has ended the TLS connection.", Heals.YES)
    return None


_NO_TLS = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"}
"""What OpenSSL finds in the answer of a server that speaks something else."""


def ends_tls(server: Server, reason: str) -> Cause:
    """The cause of a server that ends the handshake; ``reason`` is OpenSSL's word for it."""
    return Cause(
        f"{server.name} ends the TLS handshake ({reason}): if it asks for a certificate, name it "
        f"with ?ssl_certfile=/path&ssl_keyfile=/path in {server.variable}.",
        Heals.NO,
    )


def speaks_no_tls(server: Server) -> Cause:
    """The cause of a server that was asked for TLS and speaks it not."""
    return Cause(
        f"{server.name} does not speak TLS: begin {server.variable} with redis://, or name the "
        "port that does.",
        Heals.NO,
    )


def speaks_tls(server: Server) -> Cause:
    """The cause of a server that was asked without TLS and speaks it."""
    return Cause(
        f"{server.name} speaks TLS: begin {server.variable} with rediss://, or name the port that "
        "does not.",
        Heals.NO,
    )


def _of_name(error: BaseException, server: Server) -> Cause | None:
    found = next((each for each in chain(error) if isinstance(each, socket.gaierror)), None)
    if found is None:
        return None
    name = f"{server.name} ({server.variable})"
    if found.errno == socket.EAI_AGAIN:
        return Cause(f"{name} has a name that DNS can't look up now.", Heals.YES)
    return Cause(f"{name} has a name that DNS does not know: correct the host.", Heals.PERHAPS)


def _of_address(error: BaseException, server: Server) -> Cause | None:
    name = f"{server.name} ({server.variable})"
    for each in chain(error):
        if isinstance(each, PermissionError):
            return Cause(f"{name} may not be opened by this process: give it the right.", Heals.NO)
        if isinstance(each, FileNotFoundError | NotADirectoryError):
            there = Path(server.address).parent.is_dir()
            says = "is a socket that is not there: start the store, or correct the path."
            return Cause(f"{name} {says}", Heals.PERHAPS if there else Heals.NO)
        if isinstance(each, ConnectionRefusedError):
            if server.address.startswith("/") and not _is_socket(Path(server.address)):
                return Cause(f"{name} is no socket: correct the path.", Heals.NO)
            return Cause(f"{name} has nobody who listens there.", Heals.YES)
    return None


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return True  # it is gone by now


def is_sentinel(server: Server) -> Cause:
    """The cause of a Sentinel that is taken for the server that it watches."""
    return Cause(
        f"{server.name} is a Sentinel: write {server.variable} as in "
        "redis+sentinel://host1:26379,host2:26379/name.",
        Heals.NO,
    )


def _of_database(error: BaseException, server: Server) -> Cause | None:
    text = str(error)
    if re.search("unknown command .?SELECT", text):  # every other server knows it
        return is_sentinel(server)
    if isinstance(error, redis.exceptions.InvalidResponse):
        return Cause(
            f"{server.name} is no Redis or Valkey, or it speaks through something else: correct "
            f"host and port in {server.variable}.",
            Heals.NO,
        )
    if "DB index" in text or "SELECT is not allowed" in text:
        return Cause(
            f"{server.name} has no database of that number: end {server.variable} in another, as "
            "in /0.",
            Heals.NO,
        )
    if "DENIED" in text or "protected mode" in text:
        return Cause(
            f"{server.name} is in protected mode and serves its own host alone: set a password "
            f"there and in {server.variable}.",
            Heals.NO,
        )
    if "unknown command" in text:
        return Cause(
            f"{server.name} does not know a command that is needed: use Redis 6.2 or later, or "
            "Valkey, and rename no commands.",
            Heals.NO,
        )
    return None


_STATES = (
    (r"LOADING|is loading the dataset", "is loading its data"),
    (r"max number of clients", "has as many connections as it allows (maxclients)"),
    (r"READONLY|read only replica", "is a replica and takes no writes"),
    (r"MASTERDOWN", "is a replica that has lost its primary"),
    (r"NOREPLICAS", "has too few replicas to take writes (min-replicas-to-write)"),
    (r"MISCONF", "can't write its data to disk, and takes no writes until it can"),
    (r"OOM|when used memory", "is full (maxmemory), and takes no writes"),
    (r"BUSY|UNKILLABLE", "is held up by a script"),
    (r"CLUSTERDOWN|cluster is down", "is in a cluster that is down"),
)


def _of_state(error: BaseException, server: Server) -> Cause | None:
    word = str(getattr(error, "status_code", None) or "")
    for pattern, says in _STATES:
        if re.search(pattern, f"{word} {error}"):
            return Cause(f"{server.name} {says}.", Heals.YES)
    if isinstance(error, redis.exceptions.TimeoutError):
        return Cause(f"{server.name} does not answer in time.", Heals.YES)
    if re.search("closed by|reset by|Broken pipe", str(error)):
        return Cause(f"{server.name} has closed the connection.", Heals.YES)
    return None
