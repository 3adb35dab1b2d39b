"""``make package``: the package installs into a clean environment, and runs from there.

The wheel is installed with its extra ``server`` into a new virtual environment. ``qhronos up`` is
started in a directory that has a package ``app`` and a ``wsgi.py`` of somebody else. It has to
deliver a webhook, show its pages and the guide, and stop on Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from app import __version__
from tests.support.ports import free_port
from tests.support.processes import Program, clean_environ
from tests.support.wait import wait_until

STRANGERS = "raise SystemExit('a file of the current directory was taken for one of the server')\n"
PAGES = (
    "/health",
    "/docs",
    "/docs/reader.css",
    "/docs/guide/",
    "/openapi.json",
    "/console/sign-in",
)


def main() -> None:
    options = argparse.ArgumentParser(prog="make package")
    options.add_argument("dist", type=Path, help="the directory with the wheel")
    options.add_argument("--tag", help="the tag that the package is made for, as in v1.2.3")
    chosen = options.parse_args()
    if chosen.tag and chosen.tag != f"v{__version__}":
        sys.exit(f"The tag {chosen.tag} is not that of version {__version__}: v{__version__}.")
    (wheel,) = chosen.dist.absolute().glob(f"qhronos-{__version__}-*.whl")
    with tempfile.TemporaryDirectory(prefix="qhronos-") as name:
        place = Path(name)
        python = installed(place / "venv", f"{wheel}[server]")
        work = place / "work"
        (work / "app").mkdir(parents=True)
        (work / "app" / "__init__.py").write_text(STRANGERS)
        (work / "wsgi.py").write_text(STRANGERS)
        hides_nothing(python)
        runs(python.with_name("qhronos"), work)
    print(f"{wheel.name} installs, runs, delivers and stops.")


def installed(place: Path, requirement: str) -> Path:
    """Make an environment with the package; answer its Python."""
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    python = place / "bin" / "python"
    pip = [
        str(python),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--quiet",
        "install",
        requirement,
    ]
    subprocess.run(pip, check=True)
    return python


def hides_nothing(python: Path) -> None:
    """See that the server's ``app`` is on nobody's path, and that the package has types."""
    code = (
        "import importlib.util as u, pathlib, qhronos; assert u.find_spec('app') is None; "
        "assert u.find_spec('wsgi') is None; "
        f"assert qhronos.__version__ == {__version__!r}; "
        "assert (pathlib.Path(qhronos.__file__).parent / 'py.typed').exists()"
    )
    subprocess.run([python, "-I", "-c", code], check=True)


def runs(command: Path, work: Path) -> None:
    """Start everything, have a webhook delivered to the inbox, and stop it."""
    port = free_port(following=1)
    environ = clean_environ() | {
        "QHRONOS_PORT": str(port),
        "QHRONOS_WORKERS": "1",
        "QHRONOS_WEB_WORKERS": "1",
    }
    up = Program("up", [str(command), "up"], environ, cwd=work)
    up.start()
    try:
        wait_until(lambda: not up.running or "is ready at" in up.output, "it is ready")
        for path in PAGES:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                assert answer.status == 200, path
        (line,) = (line for line in up.output.splitlines() if "curl -s -X POST" in line)
        begun = time.monotonic()
        made = subprocess.run(["bash", "-c", line], capture_output=True, check=True, cwd=work)
        event_id = json.loads(made.stdout)["id"]
        wait_until(lambda: "webhook-signature ok" in up.output, "the webhook arrives")
        print(f"A webhook arrived {time.monotonic() - begun:.1f} s after its event was created.")
        subprocess.run([command, "doctor"], env=environ, cwd=work, check=True)
        said = subprocess.run(
            [command, "inspect", event_id], env=environ, cwd=work, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        assert event_id in said.stdout
        assert (work / "data" / "secrets" / "master_token").exists()
        up.signal(signal.SIGINT)
        assert up.wait() == 0
    except BaseException:
        print(up.output)
        raise
    finally:
        up.kill()


if __name__ == "__main__":
    os.umask(0o077)
    main()
