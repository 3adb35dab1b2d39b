"""The embedded store: a real Valkey or Redis server of our own, for ``make run`` and tests.

The server keeps an append-only file in ``<data>/store``, listens on a Unix socket there, and
holds, with the process that started it, a lock on that directory: the server itself takes none
and two of them would ruin each other's file. The lock is inherited, so it ends only when both
are gone, and nobody can start a second server while the first is still writing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import redis

from app.errors import ConfigError
from app.runtime.binary import ServerBinary, find_server
from app.runtime.environments import without_settings
from app.runtime.files import private_directory, replace_file
from app.runtime.lifeline import end_with_parent
from app.runtime.server_settings import directives, quoted
from app.runtime.stamp import check_stamp, write_stamp
from app.runtime.store_files import cant_write, check_files, forget_if_unused, why_not

LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel's limit is 108 on Linux and 104 on macOS, the final zero included."""

_ALLOCATOR = "glibc.malloc.tcache_count=10000"
"""The wheel's server takes its memory from the C library. glibc keeps seven freed pieces of a size
at hand; a script that is given a batch frees a thousand, and a sixth of the server's time went
into merging and splitting them. Elsewhere the variable means nothing."""

OVERCOMMIT = b"WARNING Memory overcommit must be enabled!"
"""What a server says at each start where Linux may refuse it the memory of a fork. It forks to make
its file shorter, and goes on with the longer one if it can't: on a machine where somebody tries
Qhronos, that is no first line to read. The guide says it to who runs a store in production."""

_ORPHAN_WAIT_S = 15.0
"""How long to wait for a server whose owner has died: it is about to end."""

_OWNER_WAIT_S = 1.0
"""How long to wait for a living owner."""

_STOP_TIMEOUT_S = 60.0


class EmbeddedStore:
    """One server on one data directory; usable as a context manager around ``start``.

    ``persist=False`` keeps nothing on disk, for tests. To run under a supervisor, call
    ``open``, run ``argv`` with ``environ`` and ``pass_fds``, wait for ``ready``, and ``close``
    at the end.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        persist: bool = True,
        fsync: str = "always",
        accept_empty: bool = False,
        binary: ServerBinary | None = None,
    ) -> None:
        """``fsync``: when the disk has what was answered: ``always``, or within ``everysec``.

        ``accept_empty``: begin empty where files of an earlier run are gone; what is left of them
        is put aside. ``binary``: the server; ``None``: the first that ``find_server`` finds.
        """
        self._dir = data_dir.absolute() / "store"
        self._persist = persist
        self._fsync = fsync
        self._accept_empty = accept_empty
        self._has_run = False
        self._lock: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._binary = binary
        self.url = ""
        self.argv: tuple[str, ...] = ()

    @property
    def environ(self) -> dict[str, str]:
        """The server's environment: none of our settings; what the user says of the allocator."""
        return {"GLIBC_TUNABLES": _ALLOCATOR, **without_settings(os.environ)}

    @property
    def pass_fds(self) -> tuple[int, ...]:
        """What the server must inherit: its share of the lock."""
        return () if self._lock is None else (self._lock,)

    def open(self) -> str:
        """Lock the directory, configure a server on it, answer the URL that it will have.

        Raises ``ConfigError`` if another Qhronos uses the directory, if there is no server
        program, if the directory was written by one that ours can't follow, or can't be written.
        Raises ``StoreDamaged`` if it had data that is gone.
        """
        self._binary = self._binary or find_server()
        private_directory(self._dir)
        self._take_lock()
        try:
            check_stamp(self._dir, self._binary)
            if self._persist:
                check_files(self._dir, accept_empty=self._accept_empty)
            listen, self.url = self._address()
            config = self._dir / "store.conf"
            text = directives(
                self._dir, self._binary, listen, persist=self._persist, fsync=self._fsync
            )
            replace_file(config, text)
        except OSError as error:
            self.close()
            raise cant_write(self._dir, error) from None
        except BaseException:
            self.close()
            raise
        self.argv = (str(self._binary.path), str(config))
        return self.url

    def hold(self) -> Path:
        """Lock the directory without a server, for whoever mends its files; answers the directory.

        Raises ``ConfigError`` as ``open`` does.
        """
        private_directory(self._dir)
        self._take_lock()
        return self._dir

    def start(self, timeout_s: float = 60.0) -> str:
        """Open, run the server as a child of this process, wait until it answers.

        Call it from the main thread: the server ends when the calling thread does.
        """
        self.open()
        log = self._dir / "store.log"
        replace_file(log, "")
        with log.open("ab") as output:
            self._child = subprocess.Popen(  # noqa: S603 - a program that find_server chose
                self.argv,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=self.pass_fds,
                start_new_session=True,
                umask=0o077,
                preexec_fn=end_with_parent(),  # noqa: PLW1509 - it makes one system call
            )
        deadline = time.monotonic() + timeout_s
        while not self.ready():
            if self._child.poll() is not None or time.monotonic() > deadline:
                self.stop()
                if cause := self.why_not():
                    raise cause
                said = log.read_text(errors="replace").strip().rpartition("\n")[2]
                raise ConfigError(f"The embedded store did not start; {log} ends with: {said}")
            time.sleep(0.01)
        return self.url

    def ready(self) -> bool:
        """Tell whether the server answers and has loaded its data; if so, stamp the directory."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                pid = int(client.info("server")["process_id"])
                loading = client.info("persistence")["loading"]
        except (redis.RedisError, OSError):
            return False
        if loading or self._binary is None:
            return False
        write_stamp(self._dir, self._binary, pid)
        self._has_run = True
        return True

    def why_not(self) -> ConfigError | None:
        """Say why a server did not start on the directory, if its files or the disk tell."""
        return why_not(self._dir) if self._persist else None

    def stop(self) -> None:
        """End the server, its file flushed, and release the directory; harmless when repeated."""
        child, self._child = self._child, None
        if child:
            child.terminate()
            try:
                child.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.close()

    def close(self) -> None:
        """Release our share of the lock; a server that still runs keeps its own."""
        if self._lock is not None:
            if self._has_run and self._persist:
                forget_if_unused(self._dir)
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _take_lock(self) -> None:
        """Take the lock; wait for a server whose owner has died, never for a living owner."""
        lock = os.open(self._dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        started, asked = time.monotonic(), False
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            owned = _alive(os.pread(lock, 32, 0))
            if not owned and not asked and end_with_parent() is None:
                asked = True  # here nothing else ends a server whose owner was killed
                self._end_orphan()
            if time.monotonic() - started > (_OWNER_WAIT_S if owned else _ORPHAN_WAIT_S):
                os.close(lock)
                raise ConfigError(
                    f"Another Qhronos uses the data directory {self._dir.parent}: "
                    "stop it, or set QHRONOS_DATA_DIR to another directory."
                )
            time.sleep(0.05)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self._lock = lock

    def _end_orphan(self) -> None:
        with (
            contextlib.suppress(redis.RedisError, OSError),
            redis.Redis.from_url(_socket_url(self._dir / "socket")) as client,
        ):
            client.shutdown()

    def _address(self) -> tuple[list[str], str]:
        """Choose where to listen; answer the directives for it and the URL to reach it."""
        path = self._dir / "socket"
        if len(os.fsencode(path)) < LONGEST_SOCKET_PATH:
            return (
                ["port 0", f"unixsocket {quoted(path)}", "unixsocketperm 700"],
                _socket_url(path),
            )
        # Any user of the host can reach a port, so this way takes a password.
        port, password = free_port(), secrets.token_urlsafe(32)
        return (
            [f"port {port}", "bind 127.0.0.1", f"requirepass {password}"],
            f"redis://:{password}@127.0.0.1:{port}/0",
        )


def running_store(data_dir: Path) -> str | None:
    """The URL of the store that runs on a data directory now; ``None`` if none can be reached."""
    url = _socket_url(data_dir.absolute() / "store" / "socket")
    with contextlib.suppress(redis.RedisError, OSError), redis.Redis.from_url(url) as client:
        client.ping()
        return url
    return None


def free_port(preferred: int = 0) -> int:
    """Find a TCP port that is free on 127.0.0.1: the preferred one, else any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", preferred))
        except (OSError, OverflowError):
            return free_port()
        return int(probe.getsockname()[1])


def _alive(pid: bytes) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (ValueError, OSError):
        return False
    return True


def _socket_url(path: Path) -> str:
    return "unix://" + quote(str(path))
