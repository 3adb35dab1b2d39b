"""A stand-in for a server of Redis that speaks TLS: the server program of the tests does not."""

from __future__ import annotations

import contextlib
import socketserver
import ssl
import threading
from collections.abc import Iterator
from typing import ClassVar


class Answers(socketserver.StreamRequestHandler):
    """Says PONG to a PING, what ``said`` finds to its questions, and OK to all else."""

    def handle(self) -> None:
        """Answer until the client leaves; one that does not trust the certificate does at once."""
        with contextlib.suppress(OSError):
            while line := self.rfile.readline():
                words = []
                for _ in range(int(line[1:])):
                    length = int(self.rfile.readline()[1:])
                    words.append(self.rfile.read(length + 2)[:-2])
                port = self.request.getsockname()[1]
                plain = b"+PONG\r\n" if words[0] == b"PING" else b"+OK\r\n"
                self.wfile.write(self.said(words, port) or plain)

    def said(self, words: list[bytes], port: int) -> bytes | None:
        """Return what is answered to a command, as the protocol has it; ``None``: nothing more."""
        raise NotImplementedError


class _Secured(socketserver.ThreadingTCPServer):
    daemon_threads = True
    tls: ClassVar[ssl.SSLContext]

    def get_request(self) -> tuple[ssl.SSLSocket, object]:
        connection, address = self.socket.accept()
        secured = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return secured, address


@contextlib.contextmanager
def secured_server(tls: ssl.SSLContext, answers: type[Answers]) -> Iterator[int]:
    """Serve on 127.0.0.1; what is entered is the port."""
    kind = type("Secured", (_Secured,), {"tls": tls})
    with kind(("127.0.0.1", 0), answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
