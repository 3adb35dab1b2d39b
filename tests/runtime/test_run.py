"""``make run``: one command that completes the settings, starts everything and says how to go on.

The web application and the workers are stand-ins here; the store, gunicorn, the supervision and
the inbox are real.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.errors import ConfigError
from app.runtime.__main__ import main
from app.runtime.local import base_url, example, prepare, reaches_loopback, token_file
from tests.support.ports import free_port
from tests.support.wait import crowding

ROOT = Path(__file__).parents[2]
WSGI = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b'{"status": "ok"}']
"""
WORKER = """
import os, sys, time
print("working as", *sys.argv[1:], "on", os.environ["QHRONOS_REDIS_URL"].partition(":")[0])
time.sleep(60)
"""


@pytest.fixture
def project() -> Iterator[Path]:
    """A checkout with stand-ins for the web application and the workers."""
    with tempfile.TemporaryDirectory(prefix="qhronos-") as name:
        directory = Path(name)
        (directory / "wsgi.py").write_text(WSGI)
        (directory / "worker.py").write_text(WORKER)
        (directory / "gunicorn.conf.py").write_text((ROOT / "gunicorn.conf.py").read_text())
        yield directory


@pytest.fixture
def make_run(project: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started = []

    def start(*argv: str, **environ: str) -> subprocess.Popen[str]:
        clean = {key: value for key, value in os.environ.items() if "QHRONOS" not in key}
        process = subprocess.Popen(
            [sys.executable, "-m", "app.runtime", *argv],
            cwd=project,
            env={**clean, "PYTHONPATH": str(ROOT), **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def read_until(process: subprocess.Popen[str], *texts: str) -> str:
    read = ""
    for line in process.stdout:
        read += line
        if all(text in read for text in texts):
            return read
    raise AssertionError(f"{texts!r} are not in:\n{read}")


def request(port: int, method: str, path: str, body: str | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, body)
        return connection.getresponse().status
    finally:
        connection.close()


def check_what_processes_are_told(pid: int, secrets: Path) -> None:
    """Only our own processes know our secrets, and none has one in its arguments."""
    (children,) = Path(f"/proc/{pid}/task").glob("*/children")
    told: dict[str, set[str]] = {}
    for child in children.read_text().split():
        process = Path(f"/proc/{child}")
        argv, environ = (process / "cmdline").read_text(), (process / "environ").read_text()
        names = {"store.conf": "store", "app.runtime.inbox": "inbox"}
        name = next((name for word, name in names.items() if word in argv), "ours")
        for secret in secrets.iterdir():
            assert secret.read_text() not in argv
            if secret.read_text() in environ:
                told.setdefault(name, set()).add(secret.name)
    assert told["ours"] == {secret.name for secret in secrets.iterdir()}
    assert told.get("inbox") == {"signing_secret"}
    assert "store" not in told


class TestWhole:
    def test_everything_starts_says_so_and_stops_cleanly(self, make_run, project: Path) -> None:
        port = free_port()
        process = make_run(QHRONOS_PORT=str(port), QHRONOS_WORKERS="2")
        roles = ("scheduler | working as scheduler", "upkeep    | working as upkeep")
        workers = (f"deliver-{n} | working as deliver on unix" for n in (1, 2))
        output = read_until(process, "curl", *roles, *workers)
        assert f"is ready at http://127.0.0.1:{port}" in output
        assert f"Console: http://127.0.0.1:{port}/ (sign in" in output
        assert f"Master token: {project}/data/secrets/master_token" in output
        assert "127.0.0.0/8,::1/128" in output
        assert request(port, "GET", "/health") == 200
        inbox = int(re.findall(r"http://127\.0\.0\.1:(\d+)/hello", output)[0])
        assert request(inbox, "POST", "/hello", "{}") == 204
        read_until(process, "a webhook arrived at /hello")
        assert (project / "data" / "secrets" / "master_token").read_text() not in output
        check_what_processes_are_told(process.pid, project / "data" / "secrets")

        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 0
        assert time.monotonic() - begun < 10 * crowding()
        with pytest.raises(ConnectionRefusedError):
            request(port, "GET", "/health")

        begun = time.monotonic()
        again = make_run("--no-inbox", QHRONOS_PORT=str(port))
        output = read_until(again, "/status")
        assert time.monotonic() - begun < 5 * crowding()
        assert "inbox" not in output
        again.send_signal(signal.SIGTERM)
        again.communicate(timeout=20)
        assert again.returncode == 0

    def test_a_second_run_of_the_same_directory_says_what_is_wrong(self, make_run) -> None:
        port = free_port()
        read_until(make_run(QHRONOS_PORT=str(port)), "is ready")
        second = make_run(QHRONOS_PORT=str(free_port()))
        output, _ = second.communicate(timeout=20)
        assert second.returncode == 2
        assert output.startswith("Another Qhronos uses the data directory")
        other = make_run(QHRONOS_PORT=str(port), QHRONOS_DATA_DIR="other")
        output, _ = other.communicate(timeout=20)
        assert other.returncode == 2
        assert output.startswith(f"Can't listen on 127.0.0.1:{port}")


class TestGunicorn:
    """What a production start reads: ``gunicorn wsgi:app`` finds gunicorn.conf.py by itself."""

    def start(self, project: Path, **environ: str) -> subprocess.CompletedProcess[str]:
        clean = {key: value for key, value in os.environ.items() if "QHRONOS" not in key}
        return subprocess.run(
            [sys.executable, "-m", "gunicorn", "--check-config", "wsgi:app"],
            cwd=project,
            env={**clean, "PYTHONPATH": str(ROOT), **environ},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    @pytest.mark.parametrize(
        ("environ", "named"),
        [
            ({}, "QHRONOS_MASTER_TOKEN, QHRONOS_JWT_SECRET, QHRONOS_SIGNING_SECRET"),
            ({"QHRONOS_PORT": "x"}, "QHRONOS_PORT"),
        ],
    )
    def test_it_ends_at_once_with_one_line_if_the_settings_wont_do(
        self, project: Path, environ: dict[str, str], named: str
    ) -> None:
        ended = self.start(project, **environ)
        assert ended.returncode == 2
        (line,) = ended.stderr.splitlines()
        assert named in line

    def test_it_takes_good_settings(self, project: Path) -> None:
        good = {"QHRONOS_HOST": "::1", "QHRONOS_REDIS_URL": "redis://127.0.0.1:1"}
        for name in ("MASTER_TOKEN", "JWT_SECRET", "SIGNING_SECRET"):
            good[f"QHRONOS_{name}"] = "x" * 32
        assert self.start(project, **good).returncode == 0


class TestSettings:
    def test_wrong_ones_end_it_with_one_line_and_status_2(self, capsys) -> None:
        assert main([], {"QHRONOS_PORT": "x", "QHRONOS_LEASE": "y"}) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "QHRONOS_PORT" in line
        assert "QHRONOS_LEASE" in line

    def test_what_nobody_gave_is_made_or_assumed_and_remembered(self, tmp_path: Path) -> None:
        run = prepare({"QHRONOS_DATA_DIR": str(tmp_path / "data")})
        run.settings.require_secrets()
        assert reaches_loopback(run.settings)
        assert run.made == {
            "ALLOW_PRIVATE_TARGETS",
            "MASTER_TOKEN",
            "JWT_SECRET",
            "SIGNING_SECRET",
            "ENCRYPTION_KEY",
        }
        assert run.environ["QHRONOS_JWT_SECRET"] == run.settings.jwt_secret

    def test_what_was_given_is_kept(self, tmp_path: Path) -> None:
        file = tmp_path / "token"
        file.write_text("a token of my own")
        given = {
            "QHRONOS_DATA_DIR": str(tmp_path / "data"),
            "QHRONOS_MASTER_TOKEN_FILE": str(file),
            "QHRONOS_JWT_SECRET": "x" * 32,
            "QHRONOS_SIGNING_SECRET": "y" * 32,
            "QHRONOS_ENCRYPTION_KEY": "z" * 32,
            "QHRONOS_ALLOW_PRIVATE_TARGETS": "false",
        }
        run = prepare(given)
        assert run.environ == given
        assert not run.made
        assert not reaches_loopback(run.settings)
        assert token_file(run) == file
        assert not (tmp_path / "data").exists()

    def test_a_port_that_is_taken_is_refused_before_anything_starts(self, tmp_path, capsys) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            settings = {
                "QHRONOS_PORT": port,
                "QHRONOS_DATA_DIR": str(tmp_path),
                "QHRONOS_REDIS_URL": "redis://127.0.0.1:1",
            }
            assert main([], settings) == 2
        assert f"Can't listen on 127.0.0.1:{port}" in capsys.readouterr().err

    def test_a_data_directory_that_cant_be_used_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("in the way")
        with pytest.raises(ConfigError, match="QHRONOS_DATA_DIR"):
            prepare({"QHRONOS_DATA_DIR": str(tmp_path / "data")})


class TestExample:
    def test_the_line_is_what_a_shell_makes_a_good_request_of(self, tmp_path: Path) -> None:
        """Run with a ``curl`` that prints its arguments, in a directory that needs quoting."""
        run = prepare({"QHRONOS_DATA_DIR": str(tmp_path / "a 'b' $c")})
        curl = tmp_path / "curl"
        curl.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
        curl.chmod(0o755)
        printed = subprocess.run(  # noqa: S602 - the line is made for a shell
            example(run, "http://127.0.0.1:1/hello"),
            shell=True,
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert printed.stderr == ""
        lines = printed.stdout.splitlines()
        assert "http://127.0.0.1:8080/events" in lines
        assert f"Authorization: Bearer {run.settings.master_token}" in lines
        assert json.loads(lines[-1]) == {
            "name": "hello",
            "delay": "2s",
            "webhook": "http://127.0.0.1:1/hello",
            "tags": ["demo"],
        }

    def test_a_token_from_the_environment_is_looked_up_there(self, tmp_path: Path) -> None:
        given = {
            "QHRONOS_DATA_DIR": str(tmp_path),
            "QHRONOS_MASTER_TOKEN": "a token of my own",
        }
        words = shlex.split(example(prepare(given), "http://127.0.0.1:1/"))
        assert "Authorization: Bearer $QHRONOS_MASTER_TOKEN" in words

    @pytest.mark.parametrize(
        ("host", "url"),
        [
            ("127.0.0.1", "http://127.0.0.1:8080"),
            ("0.0.0.0", "http://127.0.0.1:8080"),
            ("::", "http://[::1]:8080"),
            ("::1", "http://[::1]:8080"),
        ],
    )
    def test_the_address_is_one_that_can_be_reached(self, tmp_path, host: str, url: str) -> None:
        run = prepare({"QHRONOS_HOST": host, "QHRONOS_DATA_DIR": str(tmp_path)})
        assert base_url(run.settings) == url
