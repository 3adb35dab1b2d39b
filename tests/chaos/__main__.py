"""``python -m tests.chaos [--seconds 600] [--seed N] [--clients N]``: prove that nothing is lost."""

from __future__ import annotations

import argparse
import secrets
import sys

from tests.chaos.cluster_nodes import OF_STORE, NodesHand, on_a_cluster
from tests.chaos.faults import Hand, planned
from tests.chaos.growing import COMMAND, COMMANDS, GrowingHand
from tests.chaos.run import LEASE_S, Load, chaos
from tests.support.stack import Stack

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=None, help="of a run to be repeated")
    parser.add_argument("--clients", type=int, default=Load.clients)
    parser.add_argument("--series", type=int, default=Load.series, help="of each client")
    parser.add_argument("--pause", type=float, default=Load.pause_s, help="between two acts, s")
    parser.add_argument("--cluster", action="store_true", help="the store is a cluster")
    parser.add_argument("--grow", action="store_true", help="the store gets more partitions")
    given = parser.parse_args()
    of_store = OF_STORE if given.cluster else 1
    hand = GrowingHand if given.grow else NodesHand if given.cluster else Hand
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    load = Load(given.clients, given.series, given.pause)
    verdict = chaos(
        seed,
        given.seconds,
        lambda line: print(line, flush=True),
        load,
        faults=planned(
            seed,
            given.seconds,
            LEASE_S,
            of_store=of_store,
            more={COMMAND: COMMANDS} if given.grow else None,
        ),
        make_hand=hand,
        make_stack=on_a_cluster if given.cluster else Stack,
    )
    print("NOTHING IS WRONG" if not verdict.problems else f"BROKEN, seed {seed}")
    sys.exit(1 if verdict.problems else 0)
