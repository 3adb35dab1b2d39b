"""One look at a cluster before anything relies on it: at the seeds, and at all primaries."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from app.domain.cluster_urls import ClusterUrl, is_cluster_url, read_cluster_url
from app.domain.logins import NO_LOGIN, Login
from app.store import keys
from app.store.causes import Cause, Heals, Server
from app.store.connection import STORE_VARIABLE
from app.store.nodes import Node
from app.store.pools import make_pool, topology_of
from app.store.probe import probe
from app.store.refusals import cause_of
from app.store.topology import Topology

_log = logging.getLogger(__name__)


def probe_store(url: str, login: Login = NO_LOGIN) -> Cause | None:
    """Say why the store can't be used now, or nothing if it can. The log says what else is wrong.

    Of a cluster, one node has to serve; that others do not is logged.
    """
    if not is_cluster_url(url):
        return probe(url, STORE_VARIABLE, runs_scripts=True, login=login)
    found = read_cluster_url(url)
    causes = [
        probe(found.url_of(seed), STORE_VARIABLE, runs_scripts=False, login=login, in_cluster=True)
        for seed in found.addresses
    ]
    return _judged(causes) or _probe_primaries(url, found, login)


def _judged(causes: Sequence[Cause | None]) -> Cause | None:
    """The cause that keeps a process from its start; the log has the others."""
    found = [cause for cause in causes if cause is not None]
    worst = next((cause for cause in found if cause.heals is Heals.NO), None)
    if worst is None and len(found) == len(causes):
        worst = found[0]
    if worst is None:
        for cause in found:
            _log.warning("%s The other nodes of the cluster serve.", cause.sentence)
    return worst


def _probe_primaries(url: str, found: ClusterUrl, login: Login) -> Cause | None:
    pool = make_pool(url, login)
    topology, server = topology_of(pool), Server.of(STORE_VARIABLE, pool)
    if topology is None:
        return None
    try:
        topology.refresh()
    except redis.exceptions.RedisError as error:
        return cause_of(error, server)
    if ranges := topology.uncovered:
        return Cause(
            f"{server.name} ({STORE_VARIABLE}) is a cluster without nodes for the slots "
            f"{_text(ranges)}: give them to one (CLUSTER ADDSLOTSRANGE).",
            Heals.YES,
        )
    causes = [
        probe(
            found.url_of(node.name),
            STORE_VARIABLE,
            runs_scripts=True,
            login=login,
            in_cluster=True,
            prefix=prefix,
        )
        for node, prefix in _prefixes(topology).items()
    ]
    worst = _judged(causes)
    return worst and (_announced_elsewhere(topology, server) or worst)


def _announced_elsewhere(topology: Topology, server: Server) -> Cause | None:
    """The cause of nodes that answer, and say that they are where nobody does.

    So it is where containers or a translation of addresses are between them and this process.
    """
    primaries = topology.primaries
    if {*primaries} & {*topology.seeds} or any(one.answers(topology.kwargs) for one in primaries):
        return None
    silent = [node.name for node in primaries]
    return Cause(
        f"{server.name} ({STORE_VARIABLE}) answers, and says that its nodes are at "
        f"{', '.join(silent)}, where none does: have each announce an address that can be reached "
        "from here (cluster-announce-ip, or cluster-announce-hostname).",
        Heals.YES,
    )


def _prefixes(topology: Topology) -> dict[Node, bytes]:
    """For each node that serves slots, what keys begin with that it has."""
    found: dict[Node, bytes] = {}
    for number in range(REDIS_CLUSTER_HASH_SLOTS * 4):  # a node may have one slot alone
        prefix = keys.prefix(number)
        node = topology.owner(key_slot(prefix))
        if node is not None:
            found.setdefault(node, prefix)
        if len(found) == len(topology.primaries):
            break
    return found


def _text(ranges: Iterable[tuple[int, int]]) -> str:
    return ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in ranges)
