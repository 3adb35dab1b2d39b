"""One look at a server before anything relies on it: can it be reached, and is it fit for use?"""

from __future__ import annotations

import re
import select
import socket
import ssl
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.domain.logins import NO_LOGIN, Login
from app.store import keys
from app.store.causes import Cause, Heals, Server
from app.store.cluster_faults import is_no_node, is_node
from app.store.connection_names import own_options
from app.store.nodes import QUESTIONS
from app.store.pools import make_pool
from app.store.refusals import cause_of, ends_tls, is_sentinel, speaks_no_tls, speaks_tls
from app.store.scripts import all_scripts

TIMEOUT_S = 5.0
DIAGNOSIS_S = 1.0
"""How long a question takes that only serves to say what is wrong."""

UNASKED_S = 0.1
"""How long a server may take to say why it lets nobody in."""

OLDEST = (6, 2)
"""The oldest Redis that has every command that is used."""

_UNCLEAR = re.compile(r"closed by|reset by|Broken pipe|[Tt]imeout|EOF|PROTOCOL_IS_SHUTDOWN")
"""The client's words for what may have many causes."""

_PREFIX = keys.prefix(0).decode()

TRIED = {
    "DEL": "DEL",
    "EXISTS": "EXISTS",
    "GET": "GET",
    "GETRANGE": "GETRANGE 0 0",
    "HDEL": "HDEL f",
    "HEXISTS": "HEXISTS f",
    "HGET": "HGET f",
    "HGETALL": "HGETALL",
    "HINCRBY": "HINCRBY f 1",
    "HKEYS": "HKEYS",
    "HLEN": "HLEN",
    "HMGET": "HMGET f",
    "HSET": "HSET f 1",
    "HSETNX": "HSETNX f 1",
    "HVALS": "HVALS",
    "PEXPIRE": "PEXPIRE 1",
    "PUBLISH": "PUBLISH 1",
    "RENAME": f"RENAME {_PREFIX}rights",
    "SET": "SET 1 PX 1000",
    "STRLEN": "STRLEN",
    "XADD": "XADD NOMKSTREAM * f 1",
    "XRANGE": "XRANGE - +",
    "XTRIM": "XTRIM MAXLEN 1",
    "ZADD": "ZADD XX 0 m",
    "ZCARD": "ZCARD",
    "ZCOUNT": "ZCOUNT 0 1",
    "ZINTER": "",
    "ZLEXCOUNT": "ZLEXCOUNT - +",
    "ZMSCORE": "ZMSCORE m",
    "ZPOPMIN": "ZPOPMIN",
    "ZRANGE": "ZRANGE 0 1",
    "ZRANGEBYLEX": "ZRANGEBYLEX - +",
    "ZRANGEBYSCORE": "ZRANGEBYSCORE 0 1",
    "ZRANK": "ZRANK m",
    "ZREM": "ZREM m",
    "ZREMRANGEBYRANK": "ZREMRANGEBYRANK 0 1",
    "ZREMRANGEBYSCORE": "ZREMRANGEBYSCORE 0 1",
    "ZREVRANGE": "ZREVRANGE 0 1",
    "ZREVRANGEBYLEX": "ZREVRANGEBYLEX + -",
    "ZSCORE": "ZSCORE m",
}
"""How each command of the scripts is tried; empty: it can't be with one key before all else."""


def probe(
    url: str,
    variable: str,
    *,
    runs_scripts: bool,
    login: Login = NO_LOGIN,
    in_cluster: bool = False,
    prefix: bytes = keys.prefix(0),
) -> Cause | None:
    """Say why a server can't be used now, or nothing if it can.

    ``variable`` is the one that has the URL; ``runs_scripts`` says that it is the store, not RQ's,
    and that keys which begin with ``prefix`` are its own. ``in_cluster``: it is to be a node.
    """
    pool = make_pool(
        url,
        login,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        **own_options(),
    )
    client = redis.Redis.from_pool(pool)
    server = Server.of(variable, pool)
    try:
        client.ping()
        server = Server.of(variable, pool)  # the address that Sentinels have told
        if cause := _unfit(client, server, in_cluster=in_cluster):
            return cause
        for question in QUESTIONS if in_cluster else ():
            client.execute_command(*question)  # type: ignore[no-untyped-call]
        return _no_right(client, server, prefix) if runs_scripts else None
    except redis.exceptions.RedisError as error:
        return _diagnosed(error, server) or cause_of(error, server)
    finally:
        client.close()


def _unfit(client: redis.Redis, server: Server, *, in_cluster: bool) -> Cause | None:
    try:
        found: Any = client.info("server")
    except redis.exceptions.NoPermissionError:
        return None
    modes = (found.get("redis_mode"), found.get("server_mode"))
    if "sentinel" in modes:
        return is_sentinel(server)
    if ("cluster" in modes) is not in_cluster and any(modes):
        return is_no_node(server) if in_cluster else is_node(server)
    version = str(found.get("redis_version", ""))
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if not numbers or numbers >= OLDEST:
        return None
    oldest = ".".join(map(str, OLDEST))
    return Cause(f"{server.name} is Redis {version}: {oldest} or later is needed.", Heals.NO)


def _no_right(client: redis.Redis, server: Server, prefix: bytes) -> Cause | None:
    """Say which command of the scripts the user of the URL may not run."""
    text = all_scripts()["try_rights"]
    own = prefix.decode()
    calls = [call.replace(_PREFIX, own) for call in TRIED.values() if call]
    refusals: Any = client.eval(text.source, 1, prefix + b"rights", *calls)
    for refusal in refusals:
        if b"permissions" in refusal:
            error = redis.exceptions.NoPermissionError(refusal.decode(errors="replace"))
            return cause_of(error, server)
    return None


def _diagnosed(error: Exception, server: Server) -> Cause | None:
    """Ask the server itself, with TLS and without, where the client's error does not tell."""
    if server.address.startswith("/") or not _UNCLEAR.search(str(error)):
        return None
    silent = isinstance(error, redis.exceptions.TimeoutError)
    if silent and not server.tls:
        return None
    said, alert = _ask_plainly(server), "" if silent else _ask_for_tls(server)
    if server.tls:
        if said[:1] in (b"+", b"-"):
            return speaks_no_tls(server)
        return ends_tls(server, alert) if alert else None
    if said[:1] == b"-":
        return cause_of(redis.exceptions.ResponseError(said[1:].decode(errors="replace")), server)
    return None if alert is None else speaks_tls(server)


def _ask_plainly(server: Server) -> bytes:
    """What the server says to a PING without TLS; nothing if that can't be found out."""
    try:
        with _connected(server) as connection:
            # What it says unasked would be lost if something were sent to a closed connection.
            if not select.select([connection], [], [], UNASKED_S)[0]:
                connection.sendall(b"PING\r\n")
            return connection.recv(300)
    except OSError:
        return b""


def _ask_for_tls(server: Server) -> str | None:
    """OpenSSL's word for the alert that ends a handshake, empty if none does; None: no TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is said to it
    try:
        with _connected(server) as connection, context.wrap_socket(connection) as secured:
            secured.recv(1)  # with TLS 1.3 an alert about our certificate comes after the handshake
    except ssl.SSLError as error:
        return error.reason if "ALERT" in (error.reason or "") else None
    except TimeoutError:
        return ""
    except OSError:
        return None
    return ""


def _connected(server: Server) -> socket.socket:
    host, _, port = server.address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), DIAGNOSIS_S)
