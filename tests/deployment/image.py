"""``make image``: the image is built and run, without an engine for containers.

buildah builds the Dockerfile, with chroot for isolation. Its base is given, or is made by
debootstrap. What the image says of itself is then done: see ``container.py``. The API and the
workers have to deliver a signed webhook, and to stop as they are told. It needs root, Debian's
buildah and, for a base of its own, debootstrap.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from qhronos import verify
from tests.deployment.container import Container, Process
from tests.support.api_client import Api
from tests.support.ports import free_port
from tests.support.processes import ROOT
from tests.support.receiver import Receiver, Reply
from tests.support.stack import MASTER_TOKEN, SETTINGS, SIGNING_SECRET, StoreServer
from tests.support.wait import crowding, wait_until

OWN_BASE, IMAGE = "localhost/base", "localhost/qhronos"
MOST_BYTES = 250_000_000
UNNEEDED = ("cache/apt", "lib/apt/lists", "doc", "info", "locale", "man")
"""What Debian's own slim images leave out, too: below ``var`` or ``usr/share``."""
TOOLS = ("pip", "pip3", "ensurepip", "gcc", "cc", "make", "git", "curl", "wget", "ld")
SECRETS = (".env", "*.key", "*token", "id_*", "pip.conf", ".netrc", ".pypirc", ".git", "data")
"""Names of files that tell secrets, or come from somebody's machine."""
WRITE = "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()"
LOAD = "import ctypes, os, sys; [ctypes.CDLL(name, os.RTLD_NOW) for name in sys.argv[1:]]"
UNDER_WAY_S = 2.0
"""How long the delivery takes that is under way when the worker is told to stop."""


class Buildah:
    """buildah with a store of its own."""

    def __init__(self, place: Path) -> None:
        self._words = ["buildah", "--root", str(place / "images"), "--runroot", str(place / "run")]
        self._words += ["--storage-driver", "vfs"]

    def __call__(self, *words: str) -> str:
        """What it answers; the rest of what it says goes to standard error."""
        environ = os.environ | {"BUILDAH_ISOLATION": "chroot"}
        ended = subprocess.run(
            [*self._words, *words], env=environ, stdout=subprocess.PIPE, text=True, check=True
        )
        return ended.stdout.strip()


def main() -> None:
    options = argparse.ArgumentParser(prog="make image")
    options.add_argument("--base", help="the image to build on; without it, Debian's debootstrap")
    options.add_argument("--mirror", default="", help="where debootstrap finds Debian")
    options.add_argument("--suite", default="bookworm", help="which Debian debootstrap takes")
    chosen = options.parse_args()
    needed = ["buildah", *([] if chosen.base else ["debootstrap"])]
    if missing := [name for name in needed if not shutil.which(name)]:
        sys.exit(f"Not checked, as this is not installed: {', '.join(missing)}.")
    if os.geteuid() != 0:
        sys.exit("Not checked: only root may mount what was built, and start it as another user.")
    # A short path: the store's socket is in it.
    with tempfile.TemporaryDirectory(prefix="qhronos-") as name:
        place = Path(name)
        buildah = Buildah(place)
        build(buildah, place, chosen.base or own_base(buildah, place, chosen.suite, chosen.mirror))
        container = buildah("from", "--pull-never", IMAGE)
        try:
            config = json.loads(buildah("inspect", container))["Docker"]["config"]
            image = Container(Path(buildah("mount", container)), config, place)
            print(f"The image has {sizes(buildah, image.root)}.")
            holds_nothing_more(image)
            may_do_nothing_more(image)
            works(image, place)
        finally:
            buildah("rm", container)
    print("It is read-only, serves, delivers a signed webhook as its own user, and stops.")


def own_base(buildah: Buildah, place: Path, suite: str, mirror: str) -> str:
    """Make a base of Debian's own Python; answers its name."""
    tree, context = place / "debian", place / "context"
    packages = "--include=python3,python3-venv,ca-certificates"
    words = ["debootstrap", "--variant=minbase", packages, suite, str(tree), mirror]
    subprocess.run([word for word in words if word], stdout=sys.stderr, check=True)
    for name in UNNEEDED:
        directory = tree / ("var" if "/" in name else "usr/share") / name
        shutil.rmtree(directory)
        directory.mkdir()
    context.mkdir()
    with tarfile.open(context / "base.tar", "w") as archive:
        archive.add(tree, ".")
    shutil.rmtree(tree)
    (context / "Dockerfile").write_text("FROM scratch\nADD base.tar /\n")
    buildah("bud", "--quiet", "--tag", OWN_BASE, str(context))
    return OWN_BASE


def build(buildah: Buildah, place: Path, base: str) -> None:
    """Build the image. pip uses the index and the authorities that it uses here."""
    conf = place / "pip.conf"
    conf.write_text("\n".join(["[global]", *settings_of_pip()]) + "\n")
    # Docker's format: the other one has no health check.
    words = ["bud", "--format", "docker", "--build-arg", f"BASE={base}"]
    words += ["--volume", "/etc/ssl/certs:/etc/ssl/certs:ro"]
    words += ["--secret", f"id=pip.conf,src={conf}"]
    print(buildah(*words, "--tag", IMAGE, str(ROOT))[-2000:], file=sys.stderr)


def settings_of_pip() -> list[str]:
    """Where pip finds packages on this machine; its environment counts more than its files."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    found = {}
    for line in sorted(said.splitlines(), key=lambda line: line.startswith(":env:")):
        name, _, value = line.partition("=")
        if (option := name.rpartition(".")[2]) in {"cert", "index-url", "trusted-host"}:
            found[option] = value.strip().strip("'")
    return [f"{option} = {value}" for option, value in found.items()]


def sizes(buildah: Buildah, root: Path) -> str:
    """How large the image is, counted in two ways; neither may be too large."""
    found = {}
    for path in root.rglob("*"):
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            found[status.st_dev, status.st_ino] = status.st_size
    files = sum(found.values())
    (image,) = json.loads(buildah("images", "--json", IMAGE))
    layers, unit = image["size"].split()
    said = f"{files / 1e6:.0f} MB in {len(found)} files, {layers} {unit} in layers"
    assert files < MOST_BYTES, said
    assert unit == "MB", said
    assert float(layers) * 1e6 < MOST_BYTES, said
    return said


def holds_nothing_more(image: Container) -> None:
    """No secrets, nothing that builds or installs, and nothing of the machine that built it."""
    for pattern in ("pip/__main__.py", "ensurepip/__main__.py", "pip-*.whl"):
        assert not list(image.root.rglob(pattern)), pattern
    named = dict(one.split("=", 1) for one in image.environ)
    for directory in named["PATH"].split(":"):
        inside = image.root / directory.lstrip("/")
        there = [tool for tool in TOOLS if os.path.lexists(inside / tool)]
        assert not there, (directory, there)
    assert {name for name in named if name.startswith("QHRONOS_")} == {
        "QHRONOS_HOST",
        "QHRONOS_LOG_FORMAT",
    }
    for where in ("opt", "root", "home", "tmp", "etc/pip.conf"):
        for pattern in SECRETS:
            assert not list((image.root / where).rglob(pattern)), (where, pattern)
    assert not (image.root / "build").exists(), "what it was built from stays behind"
    libraries = [f"/{one.relative_to(image.root)}" for one in image.root.glob("opt/**/*.so*")]
    assert image.run("python", "-c", LOAD, *libraries) == (0, ""), "each can still be loaded"
    stale = image.run("python", "-v", "-c", "import app.workers")[1].count("bytecode is stale")
    assert not stale, "each start would compile it anew"


def may_do_nothing_more(image: Container) -> None:
    """It is a user of its own, without any right, and can write to ``/tmp`` alone."""
    assert int(image.user) > 0
    status, said = image.run("id", "-u")
    assert (status, said.strip()) == (0, image.user), said
    status, said = image.run("grep", "-h", "^Cap", "/proc/self/status")
    assert {line.split()[1].strip("0") for line in said.splitlines()} == {""}, said
    for path in ("/opt/qhronos/server/x", "/opt/qhronos/x", "/x", "/etc/x", "/var/tmp/x"):  # noqa: S108
        assert image.run("python", "-c", WRITE, path)[0] == 1, f"{path} can be written"
    assert image.run("python", "-c", WRITE, "/tmp/x") == (0, "")  # noqa: S108


class Running(NamedTuple):
    """The parts of the image, as they run."""

    web: Process
    worker: Process
    api: Api
    port: int


def works(image: Container, place: Path) -> None:
    """Serve, deliver, and stop."""
    with running(image, place) as parts, Receiver() as receiver:
        event = parts.api.create(receiver.url("/"))
        (came,) = receiver.wait_for(1, timeout=60)
        assert verify(came.headers, came.body, SIGNING_SECRET).webhook_id == came.webhook_id
        parts.api.wait_for_status(event["id"], "completed")
        status, said = image.run(*image.probe, QHRONOS_PORT=str(parts.port))
        assert status == 0, said
        assert parts.api.call("GET", "/docs/guide/").status == 200
        receiver.reply("/slow", Reply(200, delay=UNDER_WAY_S))
        slow = parts.api.create(receiver.url("/slow"))
        receiver.wait_for(1, timeout=60, path="/slow")
        stops(image, parts.worker)
        parts.api.wait_for_status(slow["id"], "completed")
        stops(image, parts.web)
        status, said = image.run(*image.probe, QHRONOS_PORT=str(parts.port))
        assert status == 1, "nobody answers the health check any more"


def stops(image: Container, process: Process) -> None:
    """See that it ends by itself, within its grace and what an interpreter takes to end."""
    grace_s = float(SETTINGS["STOP_GRACE"].removesuffix("s"))
    process.signal(image.stop)
    assert process.wait(grace_s + 2 * crowding()) == 0, process.output


@contextmanager
def running(image: Container, place: Path) -> Iterator[Running]:
    """The API as the image starts it, and everything else, with a store of this machine."""
    store_port, port = free_port(), free_port()
    store = StoreServer(place)
    store.start("--port", str(store_port), "--bind", "127.0.0.1")
    settings: dict[str, Any] = {f"QHRONOS_{name}": value for name, value in SETTINGS.items()}
    settings |= {
        "QHRONOS_REDIS_URL": f"redis://127.0.0.1:{store_port}/0",
        "QHRONOS_PORT": str(port),
        "QHRONOS_WORKERS": "1",
    }
    web = image.start("web", *image.command, **settings)
    worker = image.start("worker", "python", "worker.py", **settings)
    api = Api(port, MASTER_TOKEN)
    try:
        wait_until(lambda: not web.running or api.answers(), "the API answers")
        yield Running(web, worker, api, port)
    except BaseException:
        print(web.output, worker.output)
        raise
    finally:
        web.kill()
        worker.kill()
        store.kill()
        store.release()


if __name__ == "__main__":
    main()
