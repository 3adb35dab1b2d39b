"""What the benchmarks count as the store's memory."""

from __future__ import annotations

from app.store.connecting import connect
from benchmarks.memory import used
from tests.support.wait import wait_until


def test_what_is_kept_for_replicas_is_no_data(store_url: str) -> None:
    """A backup asks for all as a replica does; each write is kept for others from then on."""
    with connect(store_url) as client:
        asking = client.new_connection()
        asking.connect()
        asking.send_command("SYNC")
        wait_until(lambda: client.info("memory")["mem_replication_backlog"], "writes are kept")
        asking.disconnect()
        client.set("a", b"x" * 100_000)
        before = used(client)
        for _ in range(20):
            client.set("a", b"x" * 100_000)
        assert client.info("memory")["mem_replication_backlog"] > 1_500_000
        assert abs(used(client) - before) < 1_000_000
