"""``wsgi.py``: starts without a store, and not without secrets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SECRETS = {
    "QHRONOS_MASTER_TOKEN": "master-token-for-tests",
    "QHRONOS_JWT_SECRET": "jwt-secret-for-tests-of-32-bytes!",
    "QHRONOS_SIGNING_SECRET": "signing-secret-for-tests",
}
STORE = {"QHRONOS_REDIS_URL": "redis://127.0.0.1:1/0"}
ASK = """
import wsgi
answer = wsgi.app.test_client().get("/health")
print(answer.status_code, answer.json["error"], answer.headers["Retry-After"])
"""


def run(code, settings, directory):
    clean = {name: value for name, value in os.environ.items() if "QHRONOS" not in name}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**clean, **settings, "PYTHONPATH": str(ROOT)},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_store_that_is_away_is_no_reason_not_to_start(tmp_path):
    """The process serves and says so, until the store is back; the log says why it is away."""
    done = run(ASK, SECRETS | STORE, tmp_path)
    reason, request = done.stderr.splitlines()
    assert "The store at 127.0.0.1:1 (QHRONOS_REDIS_URL) has nobody who listens there." in reason
    assert request == "request"  # The log is not configured: there is its message only.
    assert done.stdout.split()[0] == "503"
    assert done.returncode == 0


GUNICORN = [sys.executable, "-m", "gunicorn", "--check-config"]
SCRIPT = [str(Path(sys.executable).with_name("gunicorn")), "--check-config"]
CONF = str(ROOT / "gunicorn.conf.py")


def start(directory, argv, **environ):
    """Have gunicorn read its settings and the application, and end."""
    clean = {name: value for name, value in os.environ.items() if "QHRONOS" not in name}
    return subprocess.run(
        [*argv, "wsgi:app"],
        env={**clean, **SECRETS, **STORE, **environ},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def beside_the_store(stderr):
    """What was said, but for that the store is away."""
    return [line for line in stderr.splitlines() if "has nobody who listens there" not in line]


@pytest.fixture
def elsewhere(tmp_path):
    """A directory with things of our names that are none of ours."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").touch()
    (tmp_path / "wsgi.py").write_text("raise AssertionError('not this one')")
    return tmp_path


@pytest.mark.parametrize(
    "argv",
    [
        [*GUNICORN, "-c", CONF],
        [*GUNICORN, "--chdir", str(ROOT), "-c", CONF],
    ],
    ids=["-m", "--chdir"],
)
def test_gunicorn_starts_from_elsewhere_with_its_settings(elsewhere, argv):
    done = start(elsewhere, argv)
    assert (done.returncode, beside_the_store(done.stderr)) == (0, [])


@pytest.mark.parametrize(
    ("directory", "argv"),
    [
        (ROOT, GUNICORN),
        (ROOT, SCRIPT),
        (ROOT.parent, [*GUNICORN, "-c", f"{ROOT.name}/{CONF[-16:]}"]),
    ],
    ids=["-m", "script", "relative"],
)
def test_gunicorn_starts_where_its_settings_are(directory, argv):
    done = start(directory, argv)
    assert (done.returncode, beside_the_store(done.stderr)) == (0, [])


@pytest.mark.parametrize(
    ("more", "environ"),
    [
        (["--chdir", str(ROOT)], {}),
        ([], {"PYTHONPATH": str(ROOT)}),
        (["-k", "app.http_server.worker.AsyncWorker"], {"PYTHONPATH": str(ROOT)}),
        ([], {"GUNICORN_CMD_ARGS": f"--chdir {ROOT}"}),
    ],
)
def test_gunicorn_never_serves_without_its_settings(tmp_path, more, environ):
    """It would: with one worker, on another port, and no limits. One sentence says what to do."""
    done = start(tmp_path, [*GUNICORN, *more], **environ)
    assert done.returncode == 4
    (line,) = done.stderr.splitlines()
    assert line.endswith(f"start it in {ROOT}, or with '-c {CONF}'.")


@pytest.mark.parametrize(
    ("more", "environ"),
    [(["-k", "gthread"], {}), ([], {"GUNICORN_CMD_ARGS": "-k sync"})],
)
def test_another_worker_class_is_refused(tmp_path, more, environ):
    argv = [sys.executable, "-m", "gunicorn", *more, "-c", CONF]
    done = start(tmp_path, argv, **environ)
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("qhronos: ")]
    assert "--worker-class" in line


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (STORE, list(SECRETS)),
        (SECRETS, ["QHRONOS_REDIS_URL"]),
        (SECRETS | STORE | {"QHRONOS_PORT": "0", "QHRONOS_LEASE": "x"}, ["_PORT", "_LEASE"]),
    ],
)
def test_settings_that_do_not_do(tmp_path, settings, names):
    """One line that names them, and exit code 2."""
    done = run("import wsgi", settings, tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    for name in names:
        assert name in done.stderr
