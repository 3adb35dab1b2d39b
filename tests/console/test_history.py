"""Entries of the audit log, as they are shown."""

from __future__ import annotations

import json

import pytest

from app.console.history import changed, check_links, entries_of, kind_of
from app.domain.audit import GENESIS, ChainBroken, canonical, line, link


def entry(seq: int, previous: str) -> str:
    text = canonical({"seq": seq, "object": None, "before": None, "after": None})
    return line(text, previous, link(previous, text))


@pytest.fixture
def chain() -> list[str]:
    """Three entries, newest first."""
    found: list[str] = []
    for seq in (1, 2, 3):
        previous = json.loads(found[0])["hash"] if found else GENESIS
        found.insert(0, entry(seq, previous))
    return found


def test_a_chain_that_holds_passes(chain):
    check_links(entries_of(chain))
    check_links([])


def test_an_entry_that_was_changed_or_taken_out_is_found(chain):
    with pytest.raises(ChainBroken, match="Entry 2 was changed"):
        check_links(entries_of([chain[0], chain[1].replace('"after":null', '"after":1'), chain[2]]))
    with pytest.raises(ChainBroken, match="behind entry 1"):
        check_links(entries_of([chain[0], chain[2]]))


def test_what_changes_with_every_change_is_left_out():
    before, after = {"a": 1, "updated_at": "x", "b": "same"}, {"a": "z" * 200, "b": "same"}
    ((name, old, new),) = changed({"before": before, "after": after})
    assert (name, old) == ("a", "1")
    assert len(new) == 120
    assert changed({"before": None, "after": after}) == []


def test_an_id_says_what_it_is_of():
    assert kind_of("01a21688-423d-7de3-8000-8bf4a57c58f7") == "event"
    assert kind_of("01a21688-5c48-8000-8bac-4f64bbc53d75") == "occurrence"
    assert kind_of("master") is None
    assert kind_of(None) is None
