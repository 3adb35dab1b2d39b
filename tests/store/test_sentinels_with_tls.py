"""``rediss+sentinel``: Sentinels and server are spoken to with TLS, by one set of options.

The server program of the tests knows no TLS; a stand-in answers as both, on one port.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.causes import Heals
from app.store.connecting import connect
from app.store.probe import probe
from tests.support.certificates import Authority
from tests.support.secured import Answers, secured_server


def _array(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in words)


class OwnPrimary(Answers):
    """Says that it is its own primary."""

    def said(self, words: list[bytes], port: int) -> bytes | None:
        if words[:2] == [b"SENTINEL", b"MASTER"]:
            return _array(b"flags", b"master", b"config-epoch", b"7")
        return _array(b"localhost", b"%d" % port) if words[0] == b"SENTINEL" else None


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def port(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    # Nobody asks while the stand-in goes: Python (3.11) leaves a socket open, and says so in
    # another test, that is reset before its handshake.
    monkeypatch.setattr("app.store.sentinels._keep_asking", lambda *_: None)
    with secured_server(authority.context(), OwnPrimary) as port:
        yield port


def test_both_are_spoken_to_with_tls(authority: Authority, port: int) -> None:
    url = f"rediss+sentinel://localhost:{port}/main?ssl_ca_certs={authority.bundle}"
    with connect(url, retries=0) as client:
        assert client.direct("SET", "a", "1") == b"OK"
        assert client.set("a", "1")


def test_one_that_is_not_trusted_is_named(port: int) -> None:
    url = f"rediss+sentinel://localhost:{port}/main"
    cause = probe(url, "QHRONOS_REDIS_URL", runs_scripts=True)
    assert cause is not None
    assert "shows a certificate that is not accepted" in cause.sentence
    assert cause.heals is Heals.NO
