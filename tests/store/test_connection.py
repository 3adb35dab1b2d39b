"""Whatever a server says that takes no commands now, the service hears one thing.

Tests ``app.store.wire`` and ``app.store.connection_names``, too.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from redis.client import Pipeline

from app.errors import StoreUnavailable
from app.store.calls import Call, release_call
from app.store.channel import Channel
from app.store.connecting import connect
from app.store.connection import SOCKET_TIMEOUT_S, StoreClient, StorePipeline, translate
from app.store.scripts import Scripts
from tests.support.scarce_files import files_left

POOL = connect("redis://127.0.0.1:1").connection_pool


@pytest.mark.parametrize(
    "error",
    [
        redis.exceptions.ConnectionError("refused"),
        redis.exceptions.TimeoutError("late"),
        redis.exceptions.BusyLoadingError("loading"),
        redis.exceptions.ReadOnlyError("You can't write against a read only replica."),
        redis.exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
        redis.exceptions.ResponseError("MISCONF Valkey is configured to save RDB snapshots"),
        redis.exceptions.ResponseError("BUSY Redis is busy running a script."),
        redis.exceptions.ResponseError(
            "Command # 1 (ZREM qh:drains x) of pipeline caused error: MISCONF Errors writing"
        ),
        redis.exceptions.ResponseError(
            "Error running script (call to f_0): @user_script:9: @user_script: 9: -OOM command "
            "not allowed when used memory > 'maxmemory'."
        ),
        redis.exceptions.NoPermissionError("User q has no permissions to run the 'set' command"),
        redis.exceptions.ResponseError(
            "ACL failure in script: User q has no permissions to run the 'zadd' command"
        ),
        redis.exceptions.ResponseError("DB index is out of range"),
        redis.exceptions.InvalidResponse('Protocol error, got "H" as reply type byte'),
    ],
    ids=str,
)
def test_it_is_away(error: redis.exceptions.RedisError) -> None:
    assert isinstance(translate(error, POOL), StoreUnavailable)


def test_a_mistake_of_ours_stays_one() -> None:
    error = redis.exceptions.ResponseError("WRONGTYPE Operation against a key, BUSY or not")
    assert translate(error, POOL) is error


def test_any_number_of_channels_may_follow_each_other(store_url: str) -> None:
    """Each drain has two: a worker that lives for months makes millions of them."""
    client = connect(store_url, max_connections=4)
    scripts = Scripts(client)
    for number in range(20):
        channel = Channel(client, scripts)
        channel.send(release_call(0, (), number, 1))
        answers: list[object] = []
        while not answers or answers[-1] is None:
            answers.append(channel.receive())
        assert answers[-1] == [0]
        channel.close()
    assert client.ping()
    client.close()


class Silent:
    """A connection that takes every command and never answers."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.disconnected = 0

    def connect(self) -> None:
        pass

    def send_packed_command(self, command: Any, *, check_health: bool) -> None:
        assert not check_health
        self.sent.append(command)

    def can_read(self, timeout: float) -> bool:
        return timeout > 0

    def disconnect(self) -> None:
        self.disconnected += 1


def test_a_call_without_an_answer_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that has died without a word must not keep a drain waiting for ever."""
    client = connect("redis://127.0.0.1:1/0")
    made = [Silent(), Silent()]
    monkeypatch.setattr(client, "new_connection", iter(made).__next__)
    channel = Channel(client, Scripts(client))
    channel.send(Call("renew_leases", [b"k"], [b"p", 1]))
    assert channel.receive() is None
    now_s = time.monotonic() + SOCKET_TIMEOUT_S
    monkeypatch.setattr("app.store.channel.time.monotonic", lambda: now_s)
    with pytest.raises(StoreUnavailable):
        channel.receive()
    assert channel.busy
    assert channel.receive() is None
    assert [len(one.sent) for one in made] == [1, 1]
    assert made[0].disconnected == 1


@pytest.fixture
def client(store_url: str) -> Iterator[StoreClient]:
    with connect(store_url) as made:
        yield made


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (StoreClient.pipeline, redis.Redis.pipeline),
        (StoreClient.execute_command, redis.Redis.execute_command),
        (StorePipeline.execute, Pipeline.execute),
    ],
    ids=["pipeline", "execute_command", "execute"],
)
def test_redis_py_still_has_what_is_overridden(
    ours: Callable[..., object], theirs: Callable[..., object]
) -> None:
    """When it has not, give ``StoreClient`` the new form; every failure must pass ``translate``."""
    # Only what is passed on by name may be called otherwise.
    kinds = [
        [(one.kind, one.default) for one in inspect.signature(each).parameters.values()]
        for each in (ours, theirs)
    ]
    assert kinds[0] == kinds[1]


EACH_WAY = pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.get("a"),
        lambda client: client.hset("a", "b", "c"),
        lambda client: client.direct("PING"),
        lambda client: client.together([("PING",)]),
        lambda client: client.pipeline().get("a").execute(),
        lambda client: client.pipeline(transaction=False).get("a").execute(),
        lambda client: list(client.scan_iter()),
    ],
    ids=["get", "hset", "direct", "together", "transaction", "pipeline", "scan"],
)


@EACH_WAY
def test_a_store_that_is_away_is_told_in_our_words(ask: Callable[[StoreClient], object]) -> None:
    """Each of redis-py's ways to a command goes through what is overridden."""
    with pytest.raises(StoreUnavailable):
        ask(connect("redis://127.0.0.1:1/0", retries=0))


@EACH_WAY
def test_so_is_one_that_no_file_is_left_for(
    ask: Callable[[StoreClient], object], store_url: str
) -> None:
    """A connection is a file; to make one, the client's library would read others."""
    client = connect(store_url, retries=0)
    with files_left(0), pytest.raises(StoreUnavailable):
        ask(client)
    client.close()


def test_a_call_through_a_channel_waits_until_there_is_a_file_again(store_url: str) -> None:
    client = connect(store_url, retries=0)
    channel = Channel(client, Scripts(client))
    with files_left(0), pytest.raises(StoreUnavailable):
        channel.send(release_call(0, (), 1, 1))
    answers: list[object] = []
    while not answers or answers[-1] is None:
        answers.append(channel.receive())
    assert answers[-1] == [0]
    channel.close()
    client.close()


def test_a_pipeline_is_one_of_ours_and_sends_what_it_was_given(client: StoreClient) -> None:
    with client.pipeline() as pipe:
        assert isinstance(pipe, StorePipeline)
        pipe.set("a", "1")
        pipe.get("a")
        assert pipe.execute() == [True, b"1"]


def test_each_thread_has_a_connection_of_its_own_for_direct_calls(client: StoreClient) -> None:
    def number() -> int:
        return int(client.direct("CLIENT", "ID"))

    assert number() == number()
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(number).result() != number()


def test_a_direct_call_connects_again(client: StoreClient) -> None:
    """``send_command`` opens a connection that is closed."""
    before = client.direct("CLIENT", "ID")
    client.client_kill_filter(_type="normal", skipme=True)
    assert client.direct("CLIENT", "ID") != before


def test_many_are_read_in_one_round_trip_and_in_order(client: StoreClient) -> None:
    """A refusal of one leaves no answer to the next call."""
    for number in range(3):
        client.hset(f"h{number}", mapping={"a": number, "b": "é"})
    found = client.read_each("HMGET", (b"h%d" % number for number in range(4)), "b", "a")
    assert found == [[b"\xc3\xa9", b"%d" % number] for number in range(3)] + [[None, None]]
    assert client.read_each("HMGET", [], "a") == []
    client.set("text", "x")
    with pytest.raises(redis.exceptions.ResponseError, match="WRONGTYPE"):
        client.read_each("HMGET", [b"h0", b"text", b"h1"], "a")
    assert client.direct("ECHO", "second") == b"second"


def test_commands_that_go_together_are_answered_in_order(client: StoreClient) -> None:
    """Also what is refused among them, and it leaves no answer to the next call."""
    commands = [("SET", "a", "x" * 9_000), ("HGET", "a", "b"), ("CONFIG GET", "port"), ("GET", "a")]
    done, refused, (name, _), found = client.together(commands)
    assert (done, name, found) == (b"OK", b"port", b"x" * 9_000)
    assert isinstance(refused, redis.exceptions.ResponseError)
    assert client.together([]) == []
    assert client.direct("ECHO", "second") == b"second"


def test_a_direct_call_that_was_cut_off_leaves_no_answer_to_the_next(
    client: StoreClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = client._own_connection()

    def interrupted() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(connection, "read_response", interrupted)
        with pytest.raises(KeyboardInterrupt):
            client.direct("ECHO", "first")
    assert client.direct("ECHO", "second") == b"second"


def test_a_connection_of_one_s_own_is_made_as_the_pool_makes_its(client: StoreClient) -> None:
    """``connection_class`` and ``connection_kwargs`` of the pool."""
    connection = client.new_connection()
    assert connection.socket_timeout == SOCKET_TIMEOUT_S
    assert connection.protocol == 2
    pooled = client.connection_pool.get_connection()
    assert type(connection) is type(pooled)
    client.connection_pool.release(pooled)
    connection.send_command("PING", check_health=False)
    assert connection.read_response() == b"PONG"
    connection.disconnect()
