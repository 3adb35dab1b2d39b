"""What is wrong with a cluster, as the predicate of a sentence on the store."""

from __future__ import annotations

import redis

from app.store.causes import Cause, Heals, Server
from app.store.topology import NoCluster, NotServed

BROKER_VARIABLE = "QHRONOS_BROKER_URL"


def is_node(server: Server) -> Cause:
    """The cause of a node of a cluster that is taken for a server by itself."""
    if server.variable == BROKER_VARIABLE:
        advice = "over which RQ's queues can't be spread: name a server by itself"
    else:
        advice = f"so write {server.variable} as in redis+cluster://host1:6379,host2:6379"
    return Cause(f"{server.name} is a node of a cluster, {advice}.", Heals.NO)


def is_no_node(server: Server) -> Cause:
    """The cause of a server by itself that is taken for a node of a cluster."""
    return Cause(
        f"{server.name} is no node of a cluster: begin {server.variable} with redis:// or "
        "rediss://, or name the nodes of one.",
        Heals.NO,
    )


def about_cluster(error: BaseException, variable: str) -> tuple[str, bool]:
    """Say what an error says of the cluster of a URL, and whether it may become well by itself.

    Empty: it is about something else.
    """
    if isinstance(error, redis.exceptions.MovedError | redis.exceptions.ClusterCrossSlotError):
        where = f"so write {variable} as in redis+cluster://host1:6379,host2:6379"
        return f"is a node of a cluster, {where}", False
    if isinstance(error, NotServed):
        return ("does not answer" if error.node else f"has no node for slot {error.slot}"), True
    if not isinstance(error, NoCluster):
        return "", True
    if error.heals:
        return error.sentence, True
    says = f"begin {variable} with redis:// or rediss://, or name the nodes of a cluster"
    return f"{error.sentence}: {says}", False
