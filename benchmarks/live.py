"""``python -m benchmarks.live``: how many listeners one API process holds, and how soon they hear.

So many listeners (``--listeners``, 2,000) are connected to one process: the memory that each costs
it, and how long ``/health`` takes beside them. Then so many of them (``--hearers``, 100) hear so
many events a second (``--rate``, 1,000), all of them every one: how late the last is, and the CPU
of the process. Events are told as drains tell them, through the store, so that nothing but telling
is measured. The baseline is a bare write of as many bytes to a plain socket.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import selectors
import socket
import statistics
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.uri import parse_uri

from app.open_files import raise_open_file_limit
from app.runtime.embedded import free_port
from app.store.connecting import connect
from app.store.live import BEGINS, LiveEntry, LiveStore
from app.store.scripts import Scripts
from benchmarks import support
from benchmarks.lateness import cpu_seconds
from benchmarks.support import MASTER_TOKEN, BenchmarkFailed, say

TICK_S = 0.02
"""Events are told so often, as many as the rate wants: a drain gathers them as well."""

FILLING = "x" * 200
"""Makes a message as long as that of an event with a little metadata."""


class Listener:
    """A connection that listens to one tag."""

    def __init__(self, port: int, tag: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self._frames = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}/ws"), max_size=None)
        self._frames.send_request(self._frames.connect())
        self._flush()
        self._until(lambda: self._frames.state.name == "OPEN")
        first = {"type": "tag-listener", "tags": [tag], "token": MASTER_TOKEN}
        self._frames.send_text(json.dumps(first).encode())
        self._flush()

    def read(self) -> list[bytes]:
        """Return the messages that have come; waits for data."""
        data = self.socket.recv(262_144)
        if not data:
            raise BenchmarkFailed("a listener was cut off")
        self._frames.receive_data(data)
        self._flush()
        found = self._frames.events_received()
        return [bytes(one.data) for one in found if isinstance(one, Frame) and one.opcode == 1]

    def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._frames.receive_data(self.socket.recv(4_096))
            self._frames.events_received()

    def _flush(self) -> None:
        for data in self._frames.data_to_send():
            self.socket.sendall(data)


@contextlib.contextmanager
def api(store_url: str) -> Iterator[tuple[int, int]]:
    """Run one API process; its port and its process id."""
    port = free_port()
    environ = support.environment(store_url, port=port, web_workers=1)
    with support.process([sys.executable, "-m", "gunicorn", "wsgi:app"], environ) as child:
        url = f"http://127.0.0.1:{port}/health"
        support.wait_for(lambda: support.answers(url), 30, "gunicorn did not start")
        yield port, child.pid


def memory_kb(root: int) -> int:
    """Resident memory of the processes under one."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            text = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(text[1]) == root:
                total += int(text[21]) * 4
    return total


def health_ms(port: int, times: int) -> float:
    """The slowest of so many answers."""
    took = []
    for _ in range(times):
        began = time.monotonic()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
            answer.read()
        took.append(time.monotonic() - began)
    return max(took) * 1_000


def tell(live: LiveStore, rate: int, seconds: float) -> int:
    """Tell events at a rate; returns how many."""
    began, told = time.monotonic(), 0
    while (spent := time.monotonic() - began) < seconds:
        due = int(spent * rate) - told
        now = time.time()
        body = json.dumps({"type": "event", "at": now, "payload": FILLING}).encode()
        for start in range(0, due, 128):
            some = [LiveEntry(("heard",), BEGINS, body)] * min(128, due - start)
            live.tell(some, int(now * 1_000))
        told += due
        time.sleep(TICK_S)
    return told


def hear(listeners: list[Listener], late: list[float], until: threading.Event) -> None:
    """Note how late each message is, in ms, of all listeners together."""
    waiting = selectors.DefaultSelector()
    for one in listeners:
        waiting.register(one.socket, selectors.EVENT_READ, one)
    while not until.is_set():
        for key, _ in waiting.select(0.2):
            now = time.time()
            for message in key.data.read():
                # (The reader shares these cores: it looks at one message in ten.)
                if len(late) % 10 == 0:
                    late.append((now - json.loads(message)["at"]) * 1_000)
                else:
                    late.append(late[-1])


def held(port: int, pid: int, count: int) -> list[Listener]:
    """Connect so many, and say what that costs."""
    before_kb = memory_kb(pid)
    began = time.monotonic()
    listeners = [Listener(port, "other") for _ in range(count)]
    for one in listeners:
        if not any(b'"ack"' in message for message in one.read()):
            raise BenchmarkFailed("a listener was not let in")
    each = (memory_kb(pid) - before_kb) / count
    say(
        f"{count:,} listeners on one process, in {time.monotonic() - began:.1f} s: {each:.1f} KiB "
        f"each; the slowest of 50 /health beside them took {health_ms(port, 50):.1f} ms"
    )
    return listeners


def fan_out(port: int, pid: int, live: LiveStore, options: argparse.Namespace) -> None:
    """Have them hear, and say how soon."""
    listeners = [Listener(port, "heard") for _ in range(options.hearers)]
    for one in listeners:
        one.read()
    stop, late = threading.Event(), list[float]()
    reader = threading.Thread(target=hear, args=(listeners, late, stop))
    reader.start()
    cpu = sum(cpu_seconds(pid).values())
    told = tell(live, options.rate, options.seconds)
    wanted = told * options.hearers
    with contextlib.suppress(BenchmarkFailed):
        support.wait_for(lambda: len(late) >= wanted, 10, "too few messages were heard")
    cpu = sum(cpu_seconds(pid).values()) - cpu
    stop.set()
    reader.join()
    if len(late) != wanted:
        raise BenchmarkFailed(f"{len(late):,} messages were heard, not {wanted:,}")
    points = support.quantiles(late)
    say(
        f"{told / options.seconds:,.0f} events a second to {options.hearers} listeners, "
        f"{wanted:,} messages: late by {points['p50']:.1f} ms (p50), {points['p99']:.1f} (p99), "
        f"{points['max']:.1f} (max); {cpu / options.seconds:.2f} cores of the API, "
        f"{cpu / wanted * 1e6:.1f} µs a message; bare writes {bare_us(options.hearers):.1f} µs"
    )
    support.report("live", {"told": told, "late_ms": points, "cores": cpu / options.seconds})


def bare_us(hearers: int) -> float:
    """What one write of such a message to a plain socket costs."""
    pairs = [socket.socketpair() for _ in range(hearers)]
    data = b"x" * (len(FILLING) + 60)
    spent = []
    for _ in range(20):
        began = time.process_time()
        for near, _ in pairs:
            near.sendall(data)
        spent.append((time.process_time() - began) / hearers)
    for pair in pairs:
        for one in pair:
            one.close()
    return statistics.median(spent) * 1e6


def command() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live")
    parser.add_argument("--listeners", type=int, default=2_000)
    parser.add_argument("--hearers", type=int, default=100)
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    raise_open_file_limit()
    with support.store() as store_url, api(store_url) as (port, pid):
        client = connect(store_url)
        live = LiveStore(client, Scripts(client))
        idle = held(port, pid, options.listeners)
        fan_out(port, pid, live, options)
        for one in idle:
            one.socket.close()


if __name__ == "__main__":
    support.main(command)
