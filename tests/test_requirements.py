"""What is installed is what was chosen, and nothing but the files that were locked."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = {
    "requirements.txt": "requirements.lock",
    "requirements-docs.txt": "requirements-docs.lock",
    "requirements-dev.txt": "requirements-dev.lock",
}
BUILD = "requirements-build.lock"
TRACES = "requirements-traces.lock"
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def chosen(name: str) -> dict[str, str]:
    """What a list of requirements pins: version by name."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    pins = (line.split("==") for line in lines if "==" in line)
    return {plain(package): pinned for package, pinned in pins}


def locked(name: str) -> dict[str, tuple[str, str, list[str]]]:
    """What a lock pins: version, condition and hashes by name."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        pin, *hashes = re.split(r"\s+(?=--hash=)", line.strip())
        requirement, _, condition = pin.partition(" ; ")
        package, _, pinned = requirement.partition("==")
        assert plain(package) not in found, f"{package} is locked twice"
        found[plain(package)] = (pinned, condition, hashes)
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_holds_what_was_chosen(name: str) -> None:
    pins = {package: entry[0] for package, entry in locked(LOCKS[name]).items()}
    assert chosen(name).items() <= pins.items()


@pytest.mark.parametrize("lock", [*LOCKS.values(), BUILD, TRACES])
def test_every_file_is_known_by_its_hash_and_by_nothing_else(lock: str) -> None:
    for package, (pinned, _, hashes) in locked(lock).items():
        assert re.fullmatch(r"[\w.]+", pinned), package
        assert hashes, package
        assert all(HASH.fullmatch(one) for one in hashes), package
    assert "://" not in (ROOT / lock).read_text()


def test_tests_run_on_what_is_run() -> None:
    """Each lock is the one before it and more."""
    for smaller, larger in itertools.pairwise(LOCKS.values()):
        assert locked(smaller).items() <= locked(larger).items(), larger


def test_the_extra_for_traces_is_added_to_what_is_run() -> None:
    """It is tested as it is installed, and changes no other package."""
    added = locked(TRACES)
    assert locked("requirements.lock").items() <= added.items()
    assert added.items() <= locked("requirements-dev.lock").items()
    assert chosen("requirements-traces.txt").keys() <= added.keys()


def test_what_is_installed_is_what_is_locked() -> None:
    """Where a condition leaves a package out, it may be missing."""
    for package, (pinned, condition, _) in locked("requirements-dev.lock").items():
        try:
            assert version(package) == pinned, package
        except PackageNotFoundError:
            assert condition, f"{package} is not installed: make test installs it"


def test_everything_installs_from_the_locks_and_checks_the_hashes() -> None:
    """Neither the Makefile nor the image installs from anything else."""
    makefile, image = (ROOT / "Makefile").read_text(), (ROOT / "Dockerfile").read_text()
    assert re.findall(r"\$\(PIP\) -r (\S+)", makefile) == list(LOCKS.values())
    assert "install --require-hashes" in makefile
    image = re.sub(r"\\\n\s*|^#.*\n", "", image, flags=re.MULTILINE)
    commands = [json.loads(one) for one in re.findall(r"^RUN .*?(\[.*\])$", image, re.MULTILINE)]
    by_pip = [command[1:] for command in commands if command[0].endswith("/bin/pip")]
    hashed = [options[-1] for options in by_pip if "--require-hashes" in options]
    assert hashed == ["requirements.lock", TRACES, "requirements-docs.lock", BUILD]
    for options in by_pip:
        # What was built here is made and installed without a look at an index.
        alone = {"--no-deps", "--no-build-isolation" if options[0] == "wheel" else "--no-index"}
        assert "--require-hashes" in options or alone <= set(options), options
    shell = re.sub(r"^RUN .*?\[.*\]$", "", image, flags=re.MULTILINE)
    assert not re.search(r"pip\W+(install|download|wheel)", shell), "no other way to call it"
    assert not any("pip" in command for command in commands), "no other way to call it"
    assert "--no-build-isolation" in image


def test_the_image_builds_the_package_with_what_builds_it_elsewhere() -> None:
    """What builds it is locked as well, and is what the tests build it with."""
    assert locked(BUILD).items() <= locked("requirements-dev.lock").items()
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    chosen_ones = chosen("requirements-build.txt")
    assert chosen_ones == dict(one.split("==") for one in requires)
    assert chosen_ones.keys() <= locked(BUILD).keys()


def test_the_image_compiles_what_it_imports_without_the_extra_traces() -> None:
    """And it writes nothing here."""
    program = (
        "import py_compile, runpy, sys\n"
        "for name in ('opentelemetry', 'requests'):\n"
        "    sys.modules[name] = None\n"
        "found = []\n"
        "py_compile.compile = lambda source, **_: found.append(source)\n"
        "runpy.run_path('deploy/image/bytecode.py')\n"
        "assert found\n"
        "print('app.tracing.start' in sys.modules, 'app.tracing.sdk' in sys.modules)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.stderr, ended.stdout) == ("", "True False\n")


def test_the_image_has_what_the_package_reads_its_extras_from() -> None:
    """A list that the ``Dockerfile`` does not copy would be missed when the wheel is built in it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    hook = project["tool"]["hatch"]["metadata"]["hooks"]["requirements_txt"]
    lists = {name for names in hook["optional-dependencies"].values() for name in names}
    assert lists
    copied = re.findall(r"^COPY (.*) \S+$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    assert lists <= {name for line in copied for name in line.split()}
    assert {f"!{name}" for name in lists} <= set((ROOT / ".dockerignore").read_text().splitlines())
