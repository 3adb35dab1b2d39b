"""Fixtures that every test may ask for."""

from __future__ import annotations

import signal

import pytest
from hypothesis import HealthCheck, settings

from tests.support import on_cluster

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A script that runs the tests in the background has it so, and what they start would inherit
    # that: Ctrl-C is a part of what they prove.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# For mutation testing: the same few examples every time, however slow the machine is.
settings.register_profile(
    "mutate",
    derandomize=True,
    max_examples=8,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

pytest_plugins = ["tests.support.services", "tests.support.store"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes longest: whoever is done with the rest helps with what is short.

    Among themselves, tests stay in their random order. A folder's are together, so that what they
    share is started once.
    """
    if on_cluster.is_wanted():
        items[:] = [one for one in items if not on_cluster.of_one_server(one)]
    items.sort(key=_place)


def _place(item: pytest.Item) -> tuple[bool, str]:
    is_short = item.get_closest_marker("e2e") is None
    return is_short, "" if is_short else str(item.path.parent)
