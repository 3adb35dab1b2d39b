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
    """The process serves and says so, until the store is back."""
    done = run(ASK, SECRETS | STORE, tmp_path)
    assert done.stderr == ""
    assert done.stdout.split()[0] == "503"
    assert done.returncode == 0


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
