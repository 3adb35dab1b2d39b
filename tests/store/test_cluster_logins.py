"""``rediss+cluster`` speaks TLS to every node, and a password in a file may change on all of them.

The server program of the tests knows no TLS; a stand-in answers as the only node.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import StoreUnavailable
from app.setting_variables import load_settings
from app.store.causes import Heals
from app.store.cluster import ClusterClient
from app.store.cluster_probe import probe_store
from app.store.connecting import connect
from tests.support.certificates import Authority
from tests.support.cluster import Cluster
from tests.support.secured import Answers, secured_server
from tests.support.wait import wait_until

USER = "rotating"


class OneNode(Answers):
    """Says that it serves all slots."""

    def said(self, words: list[bytes], port: int) -> bytes | None:
        if words == [b"CLUSTER", b"SLOTS"]:
            # It knows no name of its own: it is where it was asked.
            return b"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$0\r\n\r\n:%d\r\n" % port
        if words == [b"CLUSTER", b"INFO"]:
            said = b"cluster_state:ok\r\ncluster_current_epoch:1\r\n"
            return b"$%d\r\n%s\r\n" % (len(said), said)
        return None


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def port(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    # Nobody asks while the stand-in goes: Python (3.11) leaves a socket open, and says so in
    # another test, that is reset before its handshake.
    monkeypatch.setattr("app.store.topology._keep_asking", lambda *_: None)
    with secured_server(authority.context(), OneNode) as port:
        yield port


def test_every_node_is_spoken_to_with_tls(authority: Authority, port: int) -> None:
    url = f"rediss+cluster://localhost:{port}?ssl_ca_certs={authority.bundle}"
    with connect(url, retries=0) as client:
        assert client.node_of(b"a") == f"localhost:{port}"
        assert client.direct("SET", "a", "1") == b"OK"
        assert client.set("a", "1")


def test_one_that_is_not_trusted_is_named(port: int) -> None:
    cause = probe_store(f"rediss+cluster://localhost:{port}")
    assert cause is not None
    assert "shows a certificate that is not accepted" in cause.sentence
    assert cause.heals is Heals.NO


def test_a_password_in_a_file_may_change_while_all_runs(cluster: Cluster, tmp_path: Path) -> None:
    """Connections that the nodes close come back with the new one."""
    file = tmp_path / "password"
    file.write_text("first\n")
    for node in cluster.nodes:
        node.ask("ACL", "SETUSER", USER, "reset", "on", ">first", "~*", "&*", "+@all")
    settings = load_settings(
        {
            "QHRONOS_REDIS_URL": f"redis+cluster://{USER}@{cluster.seeds}",
            "QHRONOS_REDIS_PASSWORD_FILE": str(file),
            "QHRONOS_BROKER_URL": "redis://localhost",
        }
    )
    assert probe_store(settings.redis_url, settings.store_login) is None
    client = connect(settings.redis_url, settings.store_login)
    assert isinstance(client, ClusterClient)
    keys = [f"{{{number}}}" for number in range(9)]
    for key in keys:
        client.set(key, "1")
    for node in cluster.nodes:
        node.ask("ACL", "SETUSER", USER, ">second", "<first")
        node.ask("CLIENT", "KILL", "USER", USER)
    with pytest.raises(StoreUnavailable):
        client.mget(keys)
    file.write_text("second\n")
    assert client.mget(keys) == [b"1"] * len(keys)
    wait_until(lambda: not client.topology.silent, "the nodes are asked again")
    client.close()
    for node in cluster.nodes:
        node.ask("ACL", "DELUSER", USER)
