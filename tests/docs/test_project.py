"""The files that a visitor looks for: changelog, version, licence, contributing, CI."""

from __future__ import annotations

import re
import subprocess
import tomllib
from datetime import date

import yaml

from app import __version__
from app.delivery.request import USER_AGENT
from docs.generate.api_reference import openapi_document
from tests.docs.pages import ROOT, page

CHANGELOG = page("CHANGELOG.md").text
RELEASES = re.findall(r"^## \[([^\]]+)\](?: - (\S+))?$", CHANGELOG, flags=re.MULTILINE)


def test_the_changelog_keeps_its_form() -> None:
    """Keep a Changelog: Unreleased on top, then releases with dates, newest first."""
    assert RELEASES[0] == ("Unreleased", "")
    dates = [date.fromisoformat(day) for _, day in RELEASES[1:]]
    assert dates
    assert dates == sorted(dates, reverse=True)
    kinds = set(re.findall(r"^### (.*)$", CHANGELOG, flags=re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    for name, _ in RELEASES:
        assert f"\n[{name}]: #" in CHANGELOG


def test_the_version_is_the_newest_release_and_lives_in_one_place() -> None:
    """``app/__init__.py`` has it; whatever else shows it reads it there."""
    assert RELEASES[1][0] == __version__
    assert f"Qhronos/{__version__}" == USER_AGENT
    assert openapi_document()["info"]["version"] == __version__
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" in package["project"]["dynamic"]
    assert package["tool"]["hatch"]["version"] == {"path": "app/__init__.py"}
    assigned = [
        str(path.relative_to(ROOT))
        for folder in ("app", "docs", "qhronos")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(rf"[\"'/ ]{re.escape(__version__)}\b", path.read_text(encoding="utf-8"))
    ]
    assert assigned == ["app/__init__.py"]


def test_the_licence_is_mit() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License\n\nCopyright (c) 2026 Qhronos contributors\n")


def test_ci_may_read_only_ends_in_time_and_runs_the_one_command() -> None:
    flow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert flow["permissions"] == {"contents": "read"}
    assert flow["concurrency"]["cancel-in-progress"]
    for job in flow["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 60
        assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
        assert "permissions" not in job
        for step in job["steps"]:
            # A tag can be moved, a commit can't.
            assert "uses" not in step or re.search(r"@[0-9a-f]{40}$|@v\d+$", step["uses"])


def test_the_one_command_checks_everything() -> None:
    """``.ci/run`` is lint and tests; lint has the guide in it."""
    commands = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in commands if line.startswith("make ")] == ["make lint", "make test"]
    planned = subprocess.run(
        ["make", "--dry-run", "lint"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for tool in ("sphinx --quiet --fail-on-warning", "ruff check", "ruff format", "mypy"):
        assert tool in planned
