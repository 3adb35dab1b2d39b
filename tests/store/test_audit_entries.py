"""An entry of the audit log in the stream: small, the same when it is read, and of any version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.audit import GENESIS, canonical, check, line, link
from app.store import keys
from app.store.audit import AuditLog
from app.store.audit_archive import HOT, SEGMENT
from app.store.audit_entries import pack_entry, read_entry
from app.store.audit_segments import StoredEntry
from app.store.fields import AuditEntryField
from app.store.migrations.audit_compressed import AUDIT_COMPRESSED
from app.store.migrations.schema import MIGRATIONS, Schema
from tests.store.conftest import Stores
from tests.support.clock import NOW_MS

PACKED = AuditEntryField.PACKED.encode()

CREATED = canonical(
    {
        "action": "event.create", "actor": "master token", "address": "127.0.0.1",
        "after": {
            "action": {"params": {"url": "http://127.0.0.1:9/webhook"}, "type": "webhook"},
            "created_at": "2026-11-26T09:33:34.372Z", "description": "Run the daily backup",
            "has_hmac_secret": False, "id": "01a21734-0324-7408-8001-f8f495220d1a",
            "metadata": {"key": "value"}, "name": "Daily Backup",
            "next_occurrence_at": "2026-12-26T09:33:28.640Z", "schedule": None,
            "start_time": "2026-12-26T09:33:28.640Z", "status": "active",
            "tags": ["tag1", "tag2"], "timezone": None,
            "updated_at": "2026-11-26T09:33:34.372Z", "webhook": "http://127.0.0.1:9/webhook",
        },
        "at": "2026-11-26T09:33:34.385Z", "before": None,
        "object": "01a21734-0324-7408-8001-f8f495220d1a", "request": "5588f0393d2d19dd",
        "seq": 1098, "token": None,
    }
)  # fmt: skip

STORED = "30498d10953d78db89507ad55f8ae8f2c0404e1a5c21530c2f9a99e5a282adcf2339afe0b0af0266be792d00"
"""An entry without the hash before, as schema 3 has it; other builds of zlib write other bytes."""


def test_what_was_stored_can_be_read() -> None:
    """The dictionary never changes."""
    entry = read_entry(b"1-7", {PACKED: bytes(32) + bytes.fromhex(STORED)})
    told = {"action": "event.create", "actor": "master token", "before": None, "object": "x"}
    assert entry.text == canonical({**told, "seq": 7})
    assert entry.digest == link(GENESIS, entry.text)


@given(text=st.text(), digest=st.binary(min_size=32, max_size=32))
def test_what_goes_in_comes_out(text: str, digest: bytes) -> None:
    packed = pack_entry(text, GENESIS, digest.hex())
    entry = read_entry(b"7-12", {PACKED: packed})
    assert entry == StoredEntry((7, 12), text, GENESIS, digest.hex())


def test_that_an_event_was_created_takes_a_third() -> None:
    """It is the most frequent entry."""
    assert len(pack_entry(CREATED, GENESIS, link(GENESIS, CREATED))) < len(CREATED) / 2.9


@pytest.mark.parametrize("damaged", [b"", b"short", b"x" * 64, b"x" * 64 + b"\xff\xff"])
def test_one_that_was_tampered_with_is_told_as_what_it_is(damaged: bytes) -> None:
    """The chain breaks there; nothing else fails."""
    assert read_entry(b"1-1", {PACKED: damaged}).text in ("", "{}")


def test_entries_of_an_earlier_version_stand_before_the_new_ones(stores: Stores) -> None:
    """They are read as they are, and packed like all others."""
    client, scripts = stores.client, stores.work._scripts
    client.hset(keys.META.decode(), "anything", "")
    previous = GENESIS
    for number in range(1, SEGMENT + 1):
        text = canonical({"action": "x", "seq": number})
        before, previous = previous, link(previous, text)
        fields = {"e": text, "p": before, "h": previous}
        client.xadd(keys.AUDIT.decode(), fields, id=f"{NOW_MS}-{number}")
    head = {"seq": SEGMENT, "hash": previous, "at": NOW_MS}
    client.hset(keys.AUDIT_HEAD.decode(), mapping=head)
    assert AUDIT_COMPRESSED in MIGRATIONS
    assert Schema(client, scripts, stores.partitions).migrate()
    log = AuditLog(client, scripts)
    for number in range(HOT):
        log.append({"action": "y", "after": number}, NOW_MS)
    before_packing = log.newest_first(None, 1_000)
    assert check(exported(before_packing)).last == SEGMENT + HOT
    assert log.archive.pack_oldest() == SEGMENT
    hot = log.newest_first(None, 1_000)
    assert hot + log.newest_first(hot[-1].position, 1_000) == before_packing


def exported(newest_first: list[StoredEntry]) -> list[str]:
    return [line(one.text, one.previous, one.digest) for one in newest_first[::-1]]
