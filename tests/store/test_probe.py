"""Every way in which a server does not serve has its sentence, found on real servers.

A sentence names the variable and what to change, and holds no secret. What can heal is told from
what can't. Tests ``app.store.refusals``, too.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from app.runtime.binary import find_server
from app.store import probe as module
from app.store.causes import Heals, Server
from app.store.probe import TRIED, probe
from app.store.refusals import cause_of
from tests.support.certificates import Authority
from tests.support.ports import free_port
from tests.support.wait import wait_until

VARIABLE = "QHRONOS_REDIS_URL"
PASSWORD = "hunter-22"
SCRIPTS = Path(module.__file__).parent / "lua"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # Not pytest's own directory: its paths are too long for a Unix socket.
    with tempfile.TemporaryDirectory(prefix="qhronos-") as path:
        yield Path(path)


@contextlib.contextmanager
def server(folder: Path, *options: str) -> Iterator[int]:
    """A server on a port of 127.0.0.1, with a socket in ``folder``."""
    port = free_port()
    fixed = ["--port", str(port), "--dir", str(folder), "--save", "", "--unixsocket"]
    argv = [str(find_server().path), *fixed, str(folder / f"socket{port}"), *options]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    try:
        wait_until((folder / f"socket{port}").exists, "the server listens")
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def locked(folder: Path) -> Iterator[str]:
    """A server that wants a password; users of it may not do everything."""
    with server(folder, "--requirepass", PASSWORD) as port:
        client = redis.Redis(port=port, password=PASSWORD)
        every = ["on", f">{PASSWORD}", "~*", "&*", "+@all"]
        client.execute_command("ACL", "SETUSER", "enough", *every)
        client.execute_command("ACL", "SETUSER", "no-zadd", *every, "-zadd")
        client.execute_command("ACL", "SETUSER", "no-eval", *every, "-@scripting")
        client.execute_command("ACL", "SETUSER", "no-info", *every, "-info")
        keys = ["on", f">{PASSWORD}", "~other:*", "&*", "+@all"]
        client.execute_command("ACL", "SETUSER", "other-keys", *keys)
        client.close()
        yield f"127.0.0.1:{port}"


class Answering:
    """A port that answers whatever is sent with the same bytes, also through TLS."""

    def __init__(self, answer: bytes, tls: ssl.SSLContext | None = None, *, first: bool = False):
        self._answer, self._tls, self._first = answer, tls, first
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> int:
        self._thread.start()
        return self.port

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._socket.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
                connection = stack.enter_context(plain)
                if self._tls:
                    connection = stack.enter_context(
                        self._tls.wrap_socket(connection, server_side=True)
                    )
                if self._first:
                    connection.sendall(self._answer)
                    continue
                while connection.recv(1_000):
                    connection.sendall(self._answer)
                    if not self._answer:
                        break


def assert_said(url: str, heals: Heals, *words: str, variable: str = VARIABLE) -> None:
    cause = probe(url, variable, runs_scripts=True)
    assert cause is not None
    assert cause.heals is heals, cause
    for word in words:
        assert word in cause.sentence, cause
    assert PASSWORD not in cause.sentence
    assert cause.sentence.endswith(".")
    assert len(cause.sentence.splitlines()) == 1


def test_a_server_that_serves_has_no_cause(store_url: str) -> None:
    assert probe(store_url, VARIABLE, runs_scripts=True) is None
    with redis.Redis.from_url(store_url) as client:
        assert client.dbsize() == 0, "it leaves nothing"


@pytest.mark.parametrize(
    ("login", "rest", "words"),
    [
        ("", "", ["requires a password", "redis://:password@"]),
        (":wrong-one@", "", ["does not take the user and password"]),
        ("nobody:hunter-22@", "", ["does not take the user and password"]),
        (f":{PASSWORD}@", "/99", ["no database of that number", "/0"]),
        (f"no-zadd:{PASSWORD}@", "", ["run ZADD", "rights"]),
        (f"no-eval:{PASSWORD}@", "", ["run EVAL", "rights"]),
        (f"other-keys:{PASSWORD}@", "", ["do not let", "rights"]),
    ],
)
def test_a_refusal_is_named(locked: str, login: str, rest: str, words: list[str]) -> None:
    words = [word.replace("do not let", "does not let") for word in words]
    assert_said(f"redis://{login}{locked}{rest}", Heals.NO, VARIABLE, *words)


@pytest.mark.parametrize("user", ["enough", "no-info"])
def test_rights_that_are_enough_are_enough(locked: str, user: str) -> None:
    """What is only asked for to say more is not needed."""
    assert probe(f"redis://{user}:{PASSWORD}@{locked}", VARIABLE, runs_scripts=True) is None


def test_the_broker_is_called_the_broker(locked: str) -> None:
    assert_said(f"redis://{locked}", Heals.NO, "The broker at", variable="QHRONOS_BROKER_URL")


def test_a_password_that_the_store_has_not_is_named(folder: Path) -> None:
    with server(folder) as port:
        assert_said(f"redis://:{PASSWORD}@127.0.0.1:{port}", Heals.NO, "has no password, but")


def test_tls_to_a_plain_port_is_named(locked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.2)
    assert_said(f"rediss://:{PASSWORD}@{locked}", Heals.NO, "does not speak TLS", "redis://")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_a_plain_url_to_a_tls_port_is_named(authority: Authority) -> None:
    with Answering(b"+PONG\r\n", authority.context()) as port:
        assert_said(f"redis://127.0.0.1:{port}", Heals.NO, "speaks TLS", "rediss://")


@pytest.mark.parametrize(
    ("host", "trusted", "days", "says"),
    [
        ("localhost", False, 1, "unable to get local issuer certificate"),
        ("127.0.0.1", True, 1, "not valid for '127.0.0.1'"),
        ("localhost", True, -1, "certificate has expired"),
    ],
)
def test_a_certificate_that_is_not_accepted_is_named(
    authority: Authority, host: str, trusted: bool, days: int, says: str
) -> None:
    options = f"?ssl_ca_certs={authority.bundle}" if trusted else ""
    with Answering(b"+PONG\r\n", authority.context(days=days)) as port:
        assert_said(f"rediss://{host}:{port}{options}", Heals.NO, says, "ssl_ca_certs")


def test_a_certificate_of_ours_that_is_wanted_is_named(authority: Authority) -> None:
    context = authority.context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.bundle)
    with Answering(b"+PONG\r\n", context) as port:
        url = f"rediss://localhost:{port}?ssl_ca_certs={authority.bundle}"
        assert_said(url, Heals.NO, "ssl_certfile")


@pytest.mark.parametrize(
    ("answer", "first", "says"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", False, "is no Redis or Valkey"),
        (b"SSH-2.0-OpenSSH\r\n", True, "is no Redis or Valkey"),
        (b"220 mail ESMTP\r\n", True, "is no Redis or Valkey"),
        (b"-DENIED Redis is running in protected mode because\r\n", True, "protected mode"),
        (b"-ERR unknown command 'PING'\r\n", False, "does not know a command"),
    ],
)
def test_what_is_no_store_is_named(answer: bytes, first: bool, says: str) -> None:
    with Answering(answer, first=first) as port:
        assert_said(f"redis://127.0.0.1:{port}", Heals.NO, says)


def test_a_server_that_is_too_old_is_named(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OLDEST", (99, 1))
    assert_said(store_url, Heals.NO, "99.1 or later is needed")


def test_sockets_that_are_not_there_are_named(folder: Path) -> None:
    """One in a directory that there is may come yet: the store makes it when it starts."""
    assert_said(f"unix://{folder}/absent", Heals.PERHAPS, "not there", str(folder))
    assert_said(f"unix://{folder}/absent/socket", Heals.NO, "not there")
    (folder / "file").touch()
    assert_said(f"unix://{folder}/file", Heals.NO, "is no socket")
    assert_said(f"unix://{folder}/file/socket", Heals.NO, "not there")


def test_a_socket_that_may_not_be_opened_is_named() -> None:
    error = redis.exceptions.ConnectionError("Error 13 connecting")
    error.__context__ = PermissionError(13, "Permission denied")
    cause = cause_of(error, Server(VARIABLE, "/run/store", tls=False, has_password=False))
    assert cause.heals is Heals.NO
    assert "may not be opened" in cause.sentence


@pytest.mark.parametrize(
    ("number", "heals", "says"),
    [
        (socket.EAI_NONAME, Heals.PERHAPS, "DNS does not know"),
        (socket.EAI_AGAIN, Heals.YES, "can't look up now"),
    ],
)
def test_a_name_that_is_not_known_is_named(
    monkeypatch: pytest.MonkeyPatch, number: int, heals: Heals, says: str
) -> None:
    def refuse(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(number, "no")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert_said("redis://no.such.host:6379", heals, "no.such.host:6379", says)


def test_what_heals_is_named_too(folder: Path) -> None:
    assert_said(f"redis://127.0.0.1:{free_port()}", Heals.YES, "nobody who listens")
    with Answering(b"-LOADING Valkey is loading the dataset in memory\r\n") as port:
        assert_said(f"redis://127.0.0.1:{port}", Heals.YES, "is loading its data")
    with Answering(b"") as port:
        assert_said(f"redis://127.0.0.1:{port}", Heals.YES, "closed the connection")
    with server(folder, "--maxclients", "1") as port, redis.Redis(port=port) as client:
        client.ping()
        assert_said(f"redis://127.0.0.1:{port}", Heals.YES, "maxclients")
    replica = ["--replicaof", "127.0.0.1 1", "--replica-serve-stale-data", "no"]
    with server(folder, *replica) as port:
        assert_said(f"redis://127.0.0.1:{port}", Heals.YES, "replica")


def test_a_server_that_says_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.1)
    monkeypatch.setattr(module, "DIAGNOSIS_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for scheme in ("redis", "rediss"):
            url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
            assert_said(url, Heals.YES, "does not answer in time")


ERRORS: list[Callable[[], Exception]] = [
    lambda: redis.exceptions.ReadOnlyError("You can't write", status_code="READONLY"),
    lambda: redis.exceptions.OutOfMemoryError("when used memory", status_code="OOM"),
    lambda: redis.exceptions.ResponseError("MISCONF Valkey is configured to save"),
    lambda: redis.exceptions.ResponseError("NOREPLICAS Not enough good replicas to write."),
    lambda: redis.exceptions.ResponseError("BUSY Valkey is busy running a script."),
    lambda: redis.exceptions.ClusterDownError("The cluster is down", status_code="CLUSTERDOWN"),
    lambda: redis.exceptions.RedisError(f"something with {PASSWORD} in it"),
]


@pytest.mark.parametrize("make", ERRORS)
def test_the_state_of_a_server_heals(make: Callable[[], Exception]) -> None:
    cause = cause_of(make(), Server(VARIABLE, "host:6379", tls=False, has_password=True))
    assert cause.heals is Heals.YES
    assert cause.sentence.startswith("The store at host:6379 ")
    assert PASSWORD not in cause.sentence


def test_every_command_of_the_scripts_is_tried() -> None:
    """A command that a script begins to use has its way of being tried."""
    text = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS.rglob("*.lua"))
    used = set(re.findall(r"redis\.call\(\s*'(\w+)'", text)) | {"ZADD", "ZREM"}
    assert set(TRIED) == used
