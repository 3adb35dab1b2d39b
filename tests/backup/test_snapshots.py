"""A snapshot is one moment of the store, and asks for no more than its rights."""

from __future__ import annotations

import threading

import pytest
import redis

from app.backup.snapshots import describe, snapshot
from app.backup.wording import BackupRefused
from app.errors import StoreUnavailable
from app.store.connecting import connect
from app.wiring.services import Services
from tests.support.processes import ROOT
from tests.support.wait import wait_until


def test_a_snapshot_is_whole_while_others_write(store_url: str) -> None:
    """Each of these writes is a pair: a snapshot has both or none, whenever it was taken."""
    stop = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        with redis.Redis.from_url(store_url) as client:
            while not stop.is_set():
                written += 1
                client.mset({"qh:left": f"<{written}>", "qh:right": f"<{written}>"})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_until(lambda: written > 10, "it is written to")
        with connect(store_url) as client:
            found = b"".join(snapshot(client))
    finally:
        stop.set()
        writer.join()
    assert found.startswith((b"REDIS", b"VALKEY"))
    (left,) = set(_after(found, b"qh:left")) & set(_after(found, b"qh:right"))
    assert left.startswith(b"<")


def _after(found: bytes, name: bytes) -> list[bytes]:
    value = found.partition(name)[2]
    return [value[1 : value.index(b">")]]


def test_an_unused_store_has_nothing_to_back_up(store_url: str) -> None:
    with connect(store_url) as client, pytest.raises(BackupRefused, match="nothing to back up"):
        describe(client, "1")


def test_a_store_of_a_version_that_knew_no_schema_is_backed_up(store_url: str) -> None:
    with connect(store_url) as client:
        client.hset("qh:meta", "partitions", "2")
        header = describe(client, "1")
    assert (header.schema, header.partitions) == (0, 2)


def test_a_backup_says_what_it_is_of(services: Services) -> None:
    services.storage.agreement.migrate()
    services.storage.key_notes.note(b"abcd", [b"abcd"])
    header = describe(services.storage.client, "1.2.3")
    assert (header.version, header.partitions) == ("1.2.3", services.settings.partitions)
    assert header.keys == (b"abcd".hex(),)
    assert header.server.partition(" ")[0] in ("valkey", "redis")


def test_the_user_of_the_access_list_may_take_a_backup_and_nothing_else(store_url: str) -> None:
    lines = (ROOT / "deploy" / "redis.acl").read_text().splitlines()
    (rules,) = (line.split()[2:] for line in lines if line.startswith("user qhronos-backup "))
    rules = [">password" if rule.startswith(">") else rule for rule in rules]
    with redis.Redis.from_url(store_url) as admin:
        admin.hset("qh:meta", mapping={"schema": 8, "partitions": 1})
        admin.execute_command("ACL", "SETUSER", "qhronos-backup", *rules)
        try:
            url = store_url.replace("unix://", "unix://qhronos-backup:password@")
            with connect(url) as client:
                assert describe(client, "1").server
                assert b"".join(snapshot(client)).startswith((b"REDIS", b"VALKEY"))
                with pytest.raises(StoreUnavailable):
                    client.set("qh:meta", "x")
        finally:
            admin.acl_deluser("qhronos-backup")


def test_a_user_without_the_right_is_told_which_one_he_needs(store_url: str) -> None:
    with redis.Redis.from_url(store_url) as admin:
        admin.acl_setuser(
            "reader", enabled=True, nopass=True, commands=["+@all", "-sync"], keys="*"
        )
        try:
            url = store_url.replace("unix://", "unix://reader:x@")
            refusal = pytest.raises(BackupRefused, match="rights of SYNC and REPLCONF")
            with connect(url) as client, refusal:
                list(snapshot(client))
        finally:
            admin.acl_deluser("reader")
