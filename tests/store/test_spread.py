"""What no partition has is under one hash tag on one server, and under some on a cluster."""

from __future__ import annotations

from uuid import uuid4

import pytest
from redis.crc import key_slot

from app.store import flow_keys
from app.store.flow_keys import FlowKeys
from app.store.spread import SPREAD, HashTags
from app.store.token_keys import TokenKeys


def test_on_one_server_it_is_where_it_always_was() -> None:
    flows, tokens = FlowKeys(), TokenKeys()
    assert flows.indexes == [b"qh:{flows}"]
    assert flows.flow(b"/mail") == b"qh:{flows}:flow:/mail"
    assert flows.busy(b"/mail") == b"qh:{flows}:busy:/mail"
    assert flows.by_index([b"/mail", b"/sms"]) == {b"qh:{flows}": [b"/mail", b"/sms"]}
    assert tokens.used("j") == b"qh:{tokens}:used:j"
    assert tokens.revoked("j") == b"qh:{tokens}:revoked:j"
    assert tokens.barred("me") == b"qh:{tokens}:barred:me"


def test_on_a_cluster_all_of_one_flow_is_in_one_slot() -> None:
    keys = FlowKeys(is_cluster=True)
    index = keys.index(b"/mail")
    ours = [index, flow_keys.used(index), flow_keys.answer(index, b"worker")]
    ours += [keys.flow(b"/mail"), keys.busy(b"/mail")]
    assert len({key_slot(key) for key in ours}) == 1
    assert index in keys.indexes
    assert all(key.startswith(flow_keys.prefix(index)) for key in ours[1:])


def test_a_name_keeps_its_tag_whatever_the_process_and_the_version() -> None:
    assert FlowKeys(is_cluster=True).index(b"/mail") == b"qh:{flows:28}"
    assert TokenKeys(is_cluster=True).barred("me") == b"qh:{tokens:2}:barred:me"
    assert SPREAD == 32


@pytest.mark.parametrize("kind", [b"flows", b"tokens"])
def test_many_names_are_in_many_slots(kind: bytes) -> None:
    tags = HashTags(kind, is_spread=True)
    slots = {key_slot(tag) for tag in tags.all}
    assert len(slots) == SPREAD
    used = [tags.of(uuid4().bytes) for _ in range(100 * SPREAD)]
    assert set(used) == set(tags.all)
    assert max(map(used.count, tags.all)) < 2 * len(used) / SPREAD
