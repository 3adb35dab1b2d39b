"""The host of the store is lost: a backup of it brings back what was acknowledged.

``make drill`` is the long form.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.drill.drill import Drill, back_up, bare_stack, prove, restore
from tests.support.receiver import Receiver
from tests.support.stack import Stack

pytestmark = pytest.mark.e2e


def test_what_was_acknowledged_before_a_backup_is_there_after_a_restore(
    stack: Stack, receiver: Receiver, tmp_path: Path
) -> None:
    """Into more partitions, from a store under load: events, keys, tokens, secrets, the audit."""
    with Drill(stack, receiver, rate=100) as load:
        path, key, ledger = back_up(stack, tmp_path, load, least=24)
    for event in stack.api.client.events.list(tags=["drill"]):
        stack.api.client.events.delete(event.id)
    gone_ns = time.time_ns()
    with bare_stack(PARTITIONS="4") as fresh:
        assert "is restored" in restore(fresh, path, key)
        prove(fresh, ledger, receiver, gone_ns)
