"""Tests of one server, on a cluster: ``QHRONOS_TEST_STORE=cluster`` has their store be one.

Its nodes refuse each command and ``MULTI`` that touches keys of two slots. Scripts make keys of
their own, so they get a first line that has them refused keys of two slots, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.store import scripts
from app.store.slot_moves import guarded
from tests.support.cluster import Cluster

VARIABLE = "QHRONOS_TEST_STORE"

STRICT = "#!lua\n"
"""The first line of a script that may touch but the slot of its first key, even on one node."""


def is_wanted() -> bool:
    """Whether the store of the tests is to be a cluster."""
    return os.environ.get(VARIABLE) == "cluster"


@contextmanager
def strict_scripts() -> Iterator[None]:
    """Have scripts refused what is in another slot than their first key."""

    def strict(source: str) -> str:
        return STRICT + guarded(source)

    with pytest.MonkeyPatch.context() as patch:
        scripts.all_scripts.cache_clear()
        patch.setattr(scripts, "guarded", strict)
        try:
            yield
        finally:
            scripts.all_scripts.cache_clear()


@contextmanager
def strict_cluster() -> Iterator[Cluster]:
    """Start a cluster, and have scripts be strict for as long as it runs."""
    with Cluster(primaries=3) as cluster, strict_scripts():
        yield cluster


def of_one_server(item: pytest.Item) -> bool:
    """Whether a test is about one server, and not about what is stored there."""
    name = item.nodeid.removeprefix("tests/")
    return any(name.startswith(one) for one in _OF_ONE_SERVER)


_OF_ONE_SERVER = (
    # Connections of one server, and of who has a plain client of it.
    "store/test_channel.py",
    "store/test_connection.py",
    "store/test_credentials.py",
    "store/test_outages.py",
    "store/test_probe.py",
    "store/test_round_trips.py",
    "store/test_topology.py",
    "services/problems/",
    "store/test_cluster_probe.py::test_a_cluster_is_told_from_a_server",
    "store/test_shards.py::test_a_store_that_is_one_server",
    # The store is RQ's broker here, too.
    "api/routes/test_dashboard.py",
    # A plain client, what commands there were on one server, and its keys.
    "api/routes/test_service.py::test_a_policy_that_throws_events_away",
    "api/routes/test_list_costs.py::test_every_combination_takes",
    "console/test_session.py::test_a_link_of_a_clock_that_is_ahead",
    # It has two databases as its worlds; a cluster has one.
    "security/test_tenant.py",
    # The text of scripts, which is another one here.
    "store/test_slot_moves.py::test_every_script_does_so",
    "services/test_processes.py::test_those_that_were_killed",
    # An event and its entry in one step, and an intent beside the log: on a cluster that differs.
    "store/test_recorded_events.py",
    "store/test_audit_intents.py",
    "store/test_own_keys.py",
    "security/test_revocation.py::test_creating_an_event_takes_one_round_trip",
    # What one server counts of itself: its memory, the time of its commands.
    "store/test_history_size.py",
    "store/test_pages.py::test_a_store_that_is_full",
    "store/test_pieces.py::test_an_event_is_compact",
    "store/test_waiting.py::test_a_word_about_a_long_history",
    "store/test_many_successors.py::test_each_takes_two_commands",
    "security/test_network.py::test_checking_a_token_is_one_round_trip",
    # The one connection of a drain, which has one for each node of a cluster.
    "engine/test_drain.py::test_a_drain_that_is_closed_while_the_store_is_away",
    "engine/test_drain_lanes.py::test_every_series_goes_on",
    "engine/test_steady_rate.py",
    "engine/test_week.py::test_once_retention_is_reached",
    # A key that has another name on a cluster.
    "services/test_imports.py::test_a_source_is_free_a_minute_after",
)
