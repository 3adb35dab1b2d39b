"""``rediss+sentinel``: Sentinels and server are spoken to with TLS, by one set of options.

The server program of the tests knows no TLS; a stand-in answers as both, on one port.
"""

from __future__ import annotations

import contextlib
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.causes import Heals
from app.store.connecting import connect
from app.store.probe import probe
from tests.support.certificates import Authority


def _array(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in words)


class Answers(socketserver.StreamRequestHandler):
    """Says that it is its own primary, and OK to whatever else is asked."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # who does not trust it leaves
            while line := self.rfile.readline():
                words = []
                for _ in range(int(line[1:])):
                    length = int(self.rfile.readline()[1:])
                    words.append(self.rfile.read(length + 2)[:-2])
                self.wfile.write(self._answer(words))

    def _answer(self, words: list[bytes]) -> bytes:
        if words[:2] == [b"SENTINEL", b"MASTER"]:
            return _array(b"flags", b"master", b"config-epoch", b"7")
        if words[0] == b"SENTINEL":
            return _array(b"localhost", b"%d" % self.server.server_address[1])  # type: ignore[index]
        return b"+PONG\r\n" if words[0] == b"PING" else b"+OK\r\n"


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self._tls = tls

    def get_request(self) -> tuple[ssl.SSLSocket, object]:
        connection, address = self.socket.accept()
        secured = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return secured, address


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def port(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    # Nobody asks while the stand-in goes: Python (3.11) leaves a socket open, and says so in
    # another test, that is reset before its handshake.
    monkeypatch.setattr("app.store.sentinels._keep_asking", lambda *_: None)
    with Server(authority.context()) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


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
