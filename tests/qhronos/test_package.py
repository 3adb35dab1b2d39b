"""What the package has in it; ``make package`` installs and runs it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from app import __version__
from tests.docs.pages import ROOT

BUILD = "import hatchling.build, sys; hatchling.build.build_wheel(sys.argv[1])"
SERVER = "qhronos/server/"


def built(place: Path) -> Path:
    subprocess.run([sys.executable, "-c", BUILD, place], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = place.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as file:
        return set(file.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as file:
        return message_from_bytes(file.read(f"qhronos-{__version__}.dist-info/METADATA"))


def test_users_get_one_package_and_no_other_name(names: set[str]) -> None:
    """The server's ``app`` would hide a package of theirs."""
    assert {name.split("/")[0] for name in names} == {
        "qhronos",
        f"qhronos-{__version__}.dist-info",
    }
    assert not [name for name in names if "tests" in name or "benchmarks" in name]
    assert "qhronos/py.typed" in names


def test_everything_that_runs_is_in_it(names: set[str]) -> None:
    """Scripts of the store, templates and pictures too, and what starts the processes."""
    tracked = subprocess.run(
        ["git", "ls-files", "app", "qhronos"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    wanted = {name if name.startswith("qhronos/") else SERVER + name for name in tracked}
    wanted |= {SERVER + name for name in ("gunicorn.conf.py", "worker.py", "wsgi.py")}
    assert wanted - names == set()


def test_the_same_files_make_the_same_package(wheel: Path, tmp_path: Path) -> None:
    assert built(tmp_path).read_bytes() == wheel.read_bytes()


def test_the_server_is_installed_as_it_is_tested(metadata: Message) -> None:
    """The extra is the list that ``make run`` installs, pin for pin."""
    pins = {
        str(Requirement(line.partition("#")[0].strip()))
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if "==" in line
    }
    assert {line.lower() for line in extra(metadata, "server")} == {
        pin.lower().replace("_", "-") for pin in pins
    }


def extra(metadata: Message, name: str) -> set[str]:
    found = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    assert all(one.marker is not None for one in found), "without an extra it needs nothing"
    return {
        f"{one.name}{one.specifier}"
        for one in found
        if one.marker is not None and one.marker.evaluate({"extra": name})
    }


def test_the_versions_that_are_tested_are_among_those_that_clients_may_have() -> None:
    pins = {
        one.name: str(one.specifier).removeprefix("==")
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if "==" in line
        for one in [Requirement(line.partition("#")[0].strip())]
    }
    for line in (ROOT / "requirements-client.txt").read_text().splitlines():
        if ">=" in line:
            asked = Requirement(line.partition("#")[0].strip())
            assert asked.specifier.contains(pins[asked.name]), asked


def test_the_metadata_says_what_a_visitor_looks_for(metadata: Message) -> None:
    assert metadata["Version"] == __version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT"
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"qhronos": "qhronos.cli.main:run"}
