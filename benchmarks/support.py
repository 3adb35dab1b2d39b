"""What every benchmark needs: a receiver, a store, processes, medians and a report."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.runtime.embedded import EmbeddedStore, free_port
from app.runtime.lifeline import end_with_parent

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks" / "out"

SECRET = "benchmark-signing-secret"  # noqa: S105 - of a store that lives for a minute
JWT_SECRET = "benchmark-jwt-secret-of-32-bytes-or-more"  # noqa: S105 - the same
MASTER_TOKEN = "benchmark-master-token"  # noqa: S105 - the same

_NGINX = """\
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 100000000;
    keepalive_timeout 600s;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ return 200; }}
    }}
}}
"""


class BenchmarkFailed(Exception):
    """A benchmark could not be run, or what it measured was wrong."""


@contextlib.contextmanager
def nginx() -> Iterator[str]:
    """Run a receiver that answers 200 to everything, in C; its base URL."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        raise BenchmarkFailed(
            "nginx, which receives the webhooks, is missing: apt-get install nginx-light"
        )
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="qhronos-nginx-") as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(_NGINX.format(folder=folder, port=port))
        with process([program, "-c", str(config), "-p", folder]):
            url = f"http://127.0.0.1:{port}/"
            wait_for(lambda: answers(url), 10, "nginx did not start")
            yield url


@contextlib.contextmanager
def store() -> Iterator[str]:
    """Run a fresh store with the settings of ``make run``, append-only file and all; its URL."""
    with (
        tempfile.TemporaryDirectory(prefix="qhronos-") as folder,
        EmbeddedStore(Path(folder)) as server,
    ):
        yield server.url


def environment(store_url: str, **settings: str | int) -> dict[str, str]:
    """Make the environment of a process of ours; settings are named as in ``redis_url``."""
    values: dict[str, str | int] = {
        "redis_url": store_url,
        "master_token": MASTER_TOKEN,
        "jwt_secret": JWT_SECRET,
        "signing_secret": SECRET,
        "allow_private_targets": "127.0.0.0/8",
        "log_level": "WARNING",
        **settings,
    }
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("QHRONOS_")}
    return inherited | {f"QHRONOS_{name.upper()}": str(value) for name, value in values.items()}


@contextlib.contextmanager
def process(
    argv: Sequence[str], environ: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program beside us; what it prints is shown if it ends by itself."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            argv, env=environ, cwd=cwd, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            preexec_fn=end_with_parent(),  # noqa: PLW1509 - it makes one system call
        )  # fmt: skip
        try:
            yield child
            died = child.poll() is not None
        except BaseException:
            died = child.poll() is not None
            raise
        finally:
            child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            if died:
                output.seek(0)
                sys.stderr.write(output.read().decode(errors="replace"))


@contextlib.contextmanager
def workers(environ: Mapping[str, str], deliver: int = 1) -> Iterator[list[int]]:
    """Run a scheduler and delivery workers as ``make run`` does; the workers' process ids."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(process([sys.executable, "worker.py", "scheduler"], environ))
        yield [
            stack.enter_context(process([sys.executable, "worker.py", "deliver"], environ)).pid
            for _ in range(deliver)
        ]


def run_python(module: str, spec: Mapping[str, Any], timeout_s: float = 600) -> Any:
    """Run ``python -m module`` with a JSON document as its input; its JSON answer."""
    done = subprocess.run(
        [sys.executable, "-m", module], input=json.dumps(spec).encode(), capture_output=True,
        cwd=ROOT, timeout=timeout_s, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BenchmarkFailed(f"{module} failed: {done.stderr.decode(errors='replace')}")
    return json.loads(done.stdout)


def answers(url: str) -> bool:
    """Tell whether a server answers at all."""
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except OSError:
        return False


def wait_for(
    condition: Callable[[], object], timeout_s: float, message: str, look_s: float = 0.05
) -> None:
    """Wait until a condition holds; else raise ``BenchmarkFailed`` with the message."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise BenchmarkFailed(message)
        time.sleep(look_s)


def alternate(
    rounds: int, sides: Mapping[str, Callable[[], float]], unit: str
) -> dict[str, list[float]]:
    """Measure every side once a round, each round in the other order; the figures by side."""
    figures: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in list(sides) if number % 2 == 0 else list(sides)[::-1]:
            figure = sides[name]()
            figures[name].append(figure)
            say(f"round {number + 1}: {name:<24} {figure:>12,.0f} {unit}")
    return figures


def median_ratio(ours: Sequence[float], baseline: Sequence[float]) -> float:
    """The median of the ratios of pairs that were measured one after the other."""
    return statistics.median(a / b for a, b in zip(ours, baseline, strict=True))


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """The usual points of a distribution."""
    ordered = sorted(values)

    def at(share: float) -> float:
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]

    return {
        "min": ordered[0], "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": ordered[-1]
    }  # fmt: skip


def report(name: str, result: Mapping[str, Any], picture: str | None = None) -> None:
    """Write ``out/<name>.json`` and, if there is one, the picture beside it."""
    OUT.mkdir(exist_ok=True)
    machine = {"cores": os.cpu_count(), "load": os.getloadavg(), "python": sys.version.split()[0]}
    text = json.dumps({"benchmark": name, "machine": machine, **result}, indent=1)
    (OUT / f"{name}.json").write_text(text + "\n")
    if picture is not None:
        (OUT / f"{name}.svg").write_text(picture)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def main(command: Callable[[], None]) -> None:
    """Run a command; a failure is one line and status 1."""
    try:
        command()
    except BenchmarkFailed as failure:
        sys.exit(f"{failure}")
