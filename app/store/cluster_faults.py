"""What is wrong with a cluster, as the predicate of a sentence on the store."""

from __future__ import annotations

from app.store.topology import NoCluster, NotServed


def about_cluster(error: BaseException, variable: str) -> tuple[str, bool]:
    """Say what an error says of the cluster of a URL, and whether it may become well by itself.

    Empty: it is about something else.
    """
    if isinstance(error, NotServed):
        return ("does not answer" if error.node else f"has no node for slot {error.slot}"), True
    if not isinstance(error, NoCluster):
        return "", True
    if error.heals:
        return error.sentence, True
    says = f"begin {variable} with redis:// or rediss://, or name the nodes of a cluster"
    return f"{error.sentence}: {says}", False
