"""The store that Sentinels watch, on real ones: who finds it, who leaves it, and what is said.

Tests ``app.store.pools``, too.
"""

from __future__ import annotations

import gc
import signal
import socket
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest
import redis

from app.domain.logins import Login
from app.domain.secret import SecretText
from app.errors import StoreUnavailable
from app.store.brokers import connect_broker
from app.store.causes import Heals
from app.store.connecting import connect
from app.store.pools import make_pool, primary_of
from app.store.probe import probe
from app.store.sentinels import Primary, PrimaryConnection
from app.store.server_state import read_states
from tests.support.ports import free_port
from tests.support.sentinels import NAME, PASSWORD, Watched, client_of
from tests.support.wait import crowding, wait_until

VARIABLE = "QHRONOS_REDIS_URL"
DEPLOY = Path(__file__).parents[2] / "deploy"
RECOVERED_S = 5.0


def users() -> dict[str, list[str]]:
    """The users of ``deploy/redis.acl``, all with one password; the operator's needs none."""
    lines = (DEPLOY / "redis.acl").read_text(encoding="ascii").splitlines()
    rules = {name: rest for _, name, *rest in map(str.split, lines)}
    password = {name: "nopass" if name == "default" else f">{PASSWORD}" for name in rules}
    return {
        name: [password[name] if rule.startswith(">") else rule for rule in rest]
        for name, rest in rules.items()
    }


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """Clients, replicas and Sentinels have no other rights than those of the file."""
    with (
        tempfile.TemporaryDirectory(prefix="qhronos-") as path,
        Watched(Path(path), down_after_ms=500, users=users()) as made,
    ):
        yield made


class Host:
    """Hears that the store has moved, as the clock does."""

    def __init__(self) -> None:
        self.moves = 0

    def moved(self) -> None:
        self.moves += 1


def test_a_primary_that_hangs_is_left_by_all_at_once(watched: Watched) -> None:
    """Also by who waits in a read that nothing would ever end, and by who listens."""
    host = Host()
    broker = connect_broker(watched.url)
    got: list[object] = []
    waiting = threading.Thread(
        target=lambda: got.append(broker.blpop(["rq:list"], 60)), daemon=True
    )
    with connect(watched.url) as client, watched.client() as plain:
        client.on_move(host.moved)
        listener = client.pubsub()  # type: ignore[no-untyped-call]
        listener.subscribe("qh:channel")
        assert listener.get_message(timeout=5)["type"] == "subscribe"
        waiting.start()
        wait_until(lambda: plain.info("clients")["blocked_clients"] == 1, "it waits")
        assert client.direct("SET", "qh:kept", "1") == b"OK"
        assert client.wait(1, 5_000) >= 0
        old = watched.primary
        old.signal(signal.SIGSTOP)
        begun_s = time.monotonic()
        try:
            wait_until(
                lambda: _writes(lambda: client.direct("SET", "qh:a", "1")), "it writes again"
            )
            assert time.monotonic() - begun_s < RECOVERED_S * crowding()
            assert client.pipeline().get("qh:a").execute() == [b"1"]
            assert host.moves >= 1
            assert broker.rpush("rq:list", "job") == 1
            waiting.join(5)
            assert got == [(b"rq:list", b"job")]

            def hears() -> bool:
                client.publish("qh:channel", "news")
                return _hear(listener) == b"news"

            wait_until(hears, "it hears the new primary")
        finally:
            old.signal(signal.SIGCONT)
        listener.close()
    broker.close()


def _writes(write: object) -> bool:
    try:
        return bool(write())  # type: ignore[operator]
    except StoreUnavailable:
        return False


def _hear(listener: redis.client.PubSub) -> object:
    try:
        message = listener.get_message(timeout=0.1)
    except redis.exceptions.RedisError:
        return None
    return message and message["data"]


class Fixed(Primary):
    """Believed to be at a port, wherever it is."""

    def __init__(self, port: int) -> None:
        super().__init__("fixed", [])
        self._known = ("127.0.0.1", port)

    def locate(self, within_s: float = 0) -> tuple[str, int]:
        assert self._known
        return self._known


def test_one_that_takes_no_writes_any_more_is_left(watched: Watched) -> None:
    """Whatever the Sentinels still say: an answer READONLY ends the connection."""
    # (One that was the primary and hung takes ten seconds to become one.)
    replica = next(port for port in watched.ports if _role(port) == "slave")
    connection = PrimaryConnection(primary=Fixed(replica), protocol=2)
    connection.send_command("SET", "a", "1")
    with pytest.raises(redis.exceptions.ConnectionError, match="READONLY"):
        connection.read_response()
    assert connection._sock is None


class Moving(Primary):
    """One that is found elsewhere right after somebody has connected."""

    def __init__(self, *places: tuple[str, int]) -> None:
        super().__init__(NAME, [])
        self._places = list(places)
        self._is_watched = True

    def follow(self, connection: object) -> bool:
        followed = super().follow(connection)
        self.locate(within_s=-1)
        return followed

    def _ask(self) -> tuple[str, int]:
        return self._places.pop(0)


def test_one_that_moves_while_it_is_connected_to_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as old:
        connection = PrimaryConnection(primary=Moving(old.getsockname(), ("127.0.0.1", 1)))
        with connection._connect() as sock, pytest.raises(BrokenPipeError):
            sock.send(b"PING")


def _role(port: int) -> str:
    with client_of(port) as client:
        return str(client.info("replication")["role"])


class Interrupted(Exception):
    pass


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Interrupted


def test_an_answer_that_was_not_read_is_no_other_commands(watched: Watched) -> None:
    """The library's own class for Sentinel keeps such a connection."""
    with redis.Redis.from_pool(make_pool(watched.url)) as client:
        client.set("qh:y", "right")
        before = signal.signal(signal.SIGALRM, _interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(Interrupted):
                client.blpop(["qh:nothing"], 5)
        finally:
            signal.signal(signal.SIGALRM, before)
        assert client.get("qh:y") == b"right"


def test_the_clients_of_a_process_ask_together(watched: Watched) -> None:
    """And the thread that asks ends with the last of them."""
    own = Login(sentinel_user="of this test alone")
    pools = [make_pool(watched.url, own) for _ in range(2)]
    first, second = map(primary_of, pools)
    assert first is not None
    assert first is second
    assert first.locate()[1] == watched.primary_port
    is_kept = weakref.ref(first)
    del first, second, pools
    gc.collect()
    wait_until(lambda: is_kept() is None, "nobody asks any more")
    assert make_pool("redis://host").connection_kwargs["host"] == "host"
    assert primary_of(make_pool("redis://host")) is None


def said(url: str, login: Login | None = None) -> tuple[str, Heals]:
    cause = probe(url, VARIABLE, runs_scripts=True, login=login or Login())
    assert cause is not None
    return cause.sentence, cause.heals


def test_the_primary_is_fit_for_use(watched: Watched) -> None:
    assert probe(watched.url, VARIABLE, runs_scripts=True) is None


def test_a_server_that_is_no_sentinel_is_told_from_one(watched: Watched) -> None:
    sentence, heals = said(f"redis+sentinel://127.0.0.1:{watched.ports[0]}/{NAME}")
    assert "are servers themselves: begin with redis://" in sentence
    assert VARIABLE in sentence
    assert heals is Heals.NO


@pytest.mark.parametrize("database", ["", "/1"])
def test_a_sentinel_is_told_from_a_server(watched: Watched, database: str) -> None:
    sentence, heals = said(f"redis://127.0.0.1:{watched.sentinel_ports[0]}{database}")
    assert f"is a Sentinel: write {VARIABLE} as in redis+sentinel://" in sentence
    assert heals is Heals.NO


def test_a_name_that_is_not_theirs_is_named(watched: Watched) -> None:
    sentence, heals = said(watched.url.removesuffix(NAME) + "other")
    assert f"({VARIABLE}) know no server 'other'" in sentence
    assert heals is Heals.NO


def test_none_that_answers_is_waited_for() -> None:
    seeds = f"127.0.0.1:{free_port()},127.0.0.1:{free_port()}"
    sentence, heals = said(f"redis+sentinel://{seeds}/{NAME}")
    assert sentence == (f"The Sentinels at {seeds.replace(',', ', ')} ({VARIABLE}) do not answer.")
    assert heals is Heals.YES


def test_one_that_is_down_is_done_without_and_named(watched: Watched) -> None:
    down = f"127.0.0.1:{free_port()}"
    with connect(watched.url.replace("@", f"@{down},")) as client:
        assert client.ping()
        # (On a busy machine they may take each other for down as well.)
        assert read_states(client)[""].sentinel_faults[0] == (
            "1 of 4 Sentinels do not answer",
            f"Sentinels do not answer: {down}",
        )


def test_too_few_of_them_are_named(watched: Watched) -> None:
    with client_of(watched.sentinel_ports[0]) as sentinel:
        sentinel.execute_command("SENTINEL SET", NAME, "quorum", "9")
        try:
            with connect(f"{watched.url}/1") as client:
                assert client.ping()
                *_, (message, _) = client.sentinel_faults()
        finally:
            sentinel.execute_command("SENTINEL SET", NAME, "quorum", "2")
    assert message.startswith("the Sentinels can't fail over: NOQUORUM")


def test_their_own_password_is_another_one(watched: Watched) -> None:
    """A user of deploy/sentinel.acl may ask all that is asked, and nothing else."""
    rules = (DEPLOY / "sentinel.acl").read_text(encoding="utf-8")
    words = next(line for line in rules.splitlines() if " qhronos " in line).split()[2:]
    own = next(word[1:] for word in words if word.startswith(">"))
    url = f"redis+sentinel://127.0.0.1:{watched.sentinel_ports[1]}/{NAME}"
    url = url.replace("://", f"://qhronos:{PASSWORD}@")
    with client_of(watched.sentinel_ports[1]) as sentinel:
        sentinel.execute_command("ACL SETUSER", "qhronos", *words)
        sentinel.execute_command("ACL SETUSER", "nobody", "on", ">pw", "-@all", "+auth", "+ping")
        try:
            login = Login(sentinel_user="qhronos", sentinel_password=SecretText(own))
            assert probe(url, VARIABLE, runs_scripts=True, login=login) is None
            asked = ("ACL DRYRUN", "qhronos", "SENTINEL", "CKQUORUM", NAME)
            assert sentinel.execute_command(*asked) == b"OK"
            sentence, heals = said(url, Login(SecretText(), "qhronos", SecretText("wrong")))
            assert "QHRONOS_SENTINEL_PASSWORD: correct them there" in sentence
            assert heals is Heals.NO
            sentence, heals = said(url, Login(SecretText(), "nobody", SecretText("pw")))
            assert "deploy/sentinel.acl" in sentence
        finally:
            sentinel.execute_command("ACL DELUSER", "qhronos", "nobody")
