"""Every kind of keys that a partition has can be united with that of another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.backup.folding import HOW, How, how_united, make_ready, united
from app.backup.wording import BackupRefused
from app.store import keys, stats_keys
from app.store.connection import StoreClient

SHORT_LIVED = {b"claim", b"held", b"mover"}
"""What is left behind anyway."""

ROW = re.compile(r"^ *qh:\{p\}:([a-z-]+)", re.MULTILINE)


def test_the_table_has_every_kind_that_the_data_model_has() -> None:
    """Who adds a kind of keys says how two of them become one."""
    store = Path(keys.__file__).parent
    texts = [path.read_text(encoding="utf-8") for path in store.glob("*.py")]
    named = {name.encode() for text in texts for name in ROW.findall(text)}
    assert len(named) > 20
    assert named - SHORT_LIVED == set(HOW)


def test_a_kind_that_nobody_knows_is_refused() -> None:
    with pytest.raises(BackupRefused, match="no less than it was"):
        how_united(b"qh:{3}:later:x")
    assert how_united(b"qh:{tokens}:of:x") is How.UNION
    assert how_united(b"qh:{3}:names:\xff\n{1}") is How.ANEW


def test_a_key_goes_where_ids_look_for_it() -> None:
    event = b"qh:{7}:event:" + b"\n" * 16
    assert united(event, 4) == b"qh:{3}:event:" + b"\n" * 16
    assert united(b"qh:{audit}:head", 4) == b"qh:{audit}:head"


def test_what_is_under_way_to_the_roll_ups_is_counted_once(target: StoreClient) -> None:
    """It is put back where it was counted, unless it has been added already."""
    for partition, name in ((0, b"added"), (1, b"not yet")):
        target.hset(stats_keys.taken(partition).decode(), mapping={b"": name, b"1\ta": b"5"})
        target.hset(stats_keys.counted(partition).decode(), mapping={b"1\ta": b"2"})
    target.hset(stats_keys.STATE.decode(), mapping={b"0": b"added", b"1": b"before"})
    make_ready(target, 2)
    counts = [target.hget(stats_keys.counted(one).decode(), "1\ta") for one in (0, 1)]
    assert counts == [b"2", b"7"]
    assert not target.exists(stats_keys.taken(0), stats_keys.taken(1))
