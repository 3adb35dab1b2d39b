"""nginx and Caddy with the files of ``deploy/``, before a real instance.

Of the files only names, addresses and certificates are replaced: by those of this machine.
"""

from __future__ import annotations

import getpass
import http.client
import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from tests.support.api_client import at
from tests.support.certificates import Authority
from tests.support.ports import free_port
from tests.support.processes import ROOT, Program, clean_environ
from tests.support.receiver import Receiver
from tests.support.stack import MASTER_TOKEN, Stack
from tests.support.wait import wait_until

NAME = "qhronos.example.com"
UPSTREAM = "127.0.0.1:8080"
BEARER = {"Authorization": f"Bearer {MASTER_TOKEN}", "Content-Type": "application/json"}

NGINX = """\
user {user};
daemon off;
pid {place}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    include {place}/qhronos.conf;
}}
"""


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """Replace what must be there."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def nginx(place: Path, port: int, upstream: int, certificate: Path) -> list[str]:
    """Write nginx' files; the command that starts it."""
    ours = (ROOT / "deploy" / "nginx" / "qhronos.conf").read_text(encoding="utf-8")
    ours = replaced(
        ours,
        ("listen 443", f"listen 127.0.0.1:{port}"),
        (UPSTREAM, f"127.0.0.1:{upstream}"),
        (f"server_name {NAME}", "server_name localhost"),
        ("/etc/ssl/qhronos/fullchain.pem", str(certificate)),
        ("/etc/ssl/qhronos/privkey.pem", str(certificate)),
    )
    (place / "qhronos.conf").write_text(ours)
    main = place / "nginx.conf"
    main.write_text(NGINX.format(place=place, user=getpass.getuser()))
    return ["nginx", "-p", str(place), "-c", str(main)]


def caddy(place: Path, port: int, upstream: int, certificate: Path) -> list[str]:
    """Write Caddy's file; the command that starts it."""
    ours = (ROOT / "deploy" / "caddy" / "Caddyfile").read_text(encoding="utf-8")
    site = f"https://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls {certificate} {certificate}"
    ours = replaced(ours, (f"{NAME} {{", site), (UPSTREAM, f"127.0.0.1:{upstream}"))
    options = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"
    (place / "Caddyfile").write_text(options + ours)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(place / "Caddyfile")]


@contextmanager
def running(make: Any, stack: Stack, authority: Authority) -> Iterator[int]:
    """One of the two before the instance; answers its port."""
    place = stack.directory / make.__name__
    place.mkdir()
    port = free_port()
    authority.context("localhost")
    (certificate,) = authority.bundle.parent.glob("localhost*.pem")
    argv = make(place, port, stack.port, certificate)
    environ = clean_environ() | {"HOME": str(place), "XDG_DATA_HOME": str(place)}
    program = Program(make.__name__, argv, environ, cwd=place)
    program.start()
    try:
        wait_until(lambda: not program.running or _answers(port, authority), "the proxy answers")
        yield port
        program.stop()
    except BaseException:
        print(program.output)
        raise
    finally:
        program.kill()


def _answers(port: int, authority: Authority) -> bool:
    try:
        return call(port, authority, "GET", "/health")[0] == 200
    except OSError:
        return False


def trusting(authority: Authority) -> ssl.SSLContext:
    """The TLS of a client that knows the authority."""
    return ssl.create_default_context(cafile=str(authority.bundle))


def call(
    port: int, authority: Authority, method: str, path: str, body: bytes | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request through the proxy: status, headers by lower-case names, body."""
    connection = http.client.HTTPSConnection(
        "localhost", port, timeout=20, context=trusting(authority)
    )
    try:
        connection.request(method, path, body, BEARER)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def _status_of_long_body(port: int, authority: Authority, length: int) -> int:
    """Only say how long a body will be: who does not want it answers before it comes."""
    connection = http.client.HTTPSConnection(
        "localhost", port, timeout=20, context=trusting(authority)
    )
    try:
        connection.putrequest("POST", "/events")
        for name, value in {**BEARER, "Content-Length": str(length)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


def check(make: Any) -> str:
    """Have an event created, told and delivered through a proxy; what was seen, in one line."""
    with Receiver() as receiver, Stack(workers=1, TRUSTED_PROXIES="127.0.0.1/32") as stack:
        authority = Authority(stack.directory)
        with running(make, stack, authority) as port:
            told = _stream(port, authority, receiver)
            _websocket(port, authority)
            status, _, body = call(port, authority, "POST", "/events", b" " * 300_000)
            assert status == 413, status
            assert b"error" in body, "the API itself refuses what is too large for it"
            if make is nginx:  # Caddy counts bytes as they come
                assert _status_of_long_body(port, authority, 17_000_000) == 413
    return f"{make.__name__}: an event came through, was told {told * 1000:.0f} ms later, /ws works"


def _stream(port: int, authority: Authority, receiver: Receiver) -> float:
    """Create an event while a stream is open; how many seconds later the stream tells it."""
    open_stream = http.client.HTTPSConnection(
        "localhost", port, timeout=20, context=trusting(authority)
    )
    open_stream.request("GET", "/events/stream", headers=BEARER)
    stream = open_stream.getresponse()
    assert stream.status == 200
    event = {"name": "through", "webhook": receiver.url("/"), "start_time": at(time.time())}
    status, headers, body = call(port, authority, "POST", "/events", json.dumps(event).encode())
    begun = time.monotonic()
    assert status == 201, body
    where = headers["location"]
    assert where.startswith(f"https://localhost:{port}/events/"), where
    event_id = json.loads(body)["id"]
    while event_id.encode() not in stream.readline():
        pass
    took = time.monotonic() - begun
    open_stream.close()
    receiver.wait_for(1)
    assert took < 5, "the proxy holds back what the stream tells"
    return took


def _websocket(port: int, authority: Authority) -> None:
    """Be a client-hook that gets an event."""
    url = f"wss://localhost:{port}/ws"
    with connect(url, ssl=trusting(authority), proxy=None, close_timeout=1) as client:
        first = {"type": "client-hook", "client_name": "desk", "token": MASTER_TOKEN}
        client.send(json.dumps(first))
        assert json.loads(client.recv(timeout=20))["type"] == "ack"
        event = {"name": "live", "webhook": "q:desk", "start_time": at(time.time())}
        status, _, body = call(port, authority, "POST", "/events", json.dumps(event).encode())
        assert status == 201, body
        message = json.loads(client.recv(timeout=20))
        assert message["event_id"] == json.loads(body)["id"]
