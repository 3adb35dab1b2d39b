"""A real mail server on this host, for tests: takes what comes, or refuses as told.

It speaks as much of RFC 5321 as a client needs, on a thread for each connection::

    with MailReceiver() as server:
        ...
        (mail,) = server.mails
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Self


@dataclass
class MailReceiver:
    """``refuses`` has answers by command, as in ``{"RCPT": "550 nobody"}``.

    With ``tls``, a server's context, it offers STARTTLS, and after that login.
    """

    refuses: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Self:
        owner = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):  # whoever asked does not trust us, or has left
                    owner.serve(self)
                self.connection.close()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self, handler: Any) -> None:
        handler.wfile.write(b"220 here\r\n")
        is_secure = False
        while line := handler.rfile.readline():
            words = line.decode().strip()
            verb = words[:4].upper()
            self.said.append(words)
            answer = self.refuses.get(verb) or self._answer(verb, words, is_secure=is_secure)
            handler.wfile.write(answer.encode() + b"\r\n")
            if answer[:3] == "221":
                return
            if verb == "STAR" and answer[:1] == "2":
                is_secure = True
                self._begin_tls(handler)
            if answer[:3] == "354":
                self.mails.append(self._read(handler))
                handler.wfile.write(b"250 taken\r\n")

    def _answer(self, verb: str, words: str, *, is_secure: bool) -> str:
        if verb == "EHLO":
            offers = "STARTTLS" if self.tls and not is_secure else "AUTH PLAIN"
            return f"250-here\r\n250 {offers}"
        if verb == "RCPT":
            self.recipients.append(words[words.index("<") + 1 : -1])
        return {"DATA": "354 go on", "QUIT": "221 bye", "STAR": "220 go on", "AUTH": "235 in"}.get(
            verb, "250 ok"
        )

    def _begin_tls(self, handler: Any) -> None:
        assert self.tls is not None
        secure = self.tls.wrap_socket(
            handler.connection, server_side=True, do_handshake_on_connect=False
        )
        handler.connection = secure
        secure.do_handshake()
        handler.rfile, handler.wfile = secure.makefile("rb"), secure.makefile("wb", buffering=0)

    def _read(self, handler: Any) -> EmailMessage:
        lines = []
        while (line := handler.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.SMTP)
        assert isinstance(message, EmailMessage)
        return message
