"""Tests of one server, on a cluster: ``QHRONOS_TEST_STORE=cluster`` has their store be one.

Its nodes refuse each command and ``MULTI`` that touches keys of two slots. Scripts make keys of
their own, so they get a first line that has them refused keys of two slots, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from app.store import scripts
from app.store.script_loader import assemble_all
from tests.support.cluster import Cluster

VARIABLE = "QHRONOS_TEST_STORE"

STRICT = "#!lua\n"
"""The first line of a script that may touch but the slot of its first key, even on one node."""


def is_wanted() -> bool:
    """Whether the store of the tests is to be a cluster."""
    return os.environ.get(VARIABLE) == "cluster"


@contextmanager
def strict_cluster() -> Iterator[Cluster]:
    """Start a cluster, and have scripts be strict for as long as it runs."""

    def strict(*folder: Any) -> Mapping[str, str]:
        return {name: STRICT + text for name, text in assemble_all(*folder).items()}

    with Cluster(primaries=3) as cluster, pytest.MonkeyPatch.context() as patch:
        scripts.all_scripts.cache_clear()
        patch.setattr(scripts, "assemble_all", strict)
        try:
            yield cluster
        finally:
            scripts.all_scripts.cache_clear()
