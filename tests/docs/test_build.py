"""The guide as it is built: no warning, nothing from elsewhere, and the service can show all of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from flask.testing import FlaskClient

from app import __version__
from app.api.routes.guide import POLICY, TYPES
from app.factory import create_app
from tests.docs.pages import ROOT

GUIDE = "http://localhost/docs/guide/"

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("guide")]


class _Sources(HTMLParser):
    """What a page loads, what it links to, and what a strict policy would not let it do."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if "src" in given:
            self.loaded.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "prefetch"):
            self.loaded.append(given["href"])
        elif "href" in given and tag == "a":
            self.links.append(given["href"])
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guide, built from nothing, of the files and by the command of the image's build stage."""
    place = tmp_path_factory.mktemp("guide")
    stage = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    stage = stage.partition(" AS guide\n")[2].partition("\nFROM ")[0]
    for names in re.findall(r"^COPY (.*) \S+$", stage, re.MULTILINE):
        for name in names.split():
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("_build", "__pycache__")
                shutil.copytree(ROOT / name, place / name, ignore=ignored)
            else:
                shutil.copy(ROOT / name, place / name)
    _, *arguments = json.loads(re.findall(r"^RUN (.*)$", stage, re.MULTILINE)[-1])
    command = [sys.executable, *arguments, "--doctree-dir", str(place / "doctrees")]
    ended = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    return place / "docs" / "_build" / "html"


@pytest.fixture
def visitor(built: Path, app, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A browser, in front of the service that shows this build."""
    monkeypatch.setattr("app.factory.BUILT", built)
    return create_app(app.extensions["qhronos"]).test_client()


def pages(built: Path) -> dict[str, _Sources]:
    """What is in each page, by its path within the guide."""
    found = {}
    for path in sorted(built.rglob("*.html")):
        found[str(path.relative_to(built))] = sources = _Sources()
        sources.feed(path.read_text(encoding="utf-8"))
    assert len(found) > 25
    return found


def test_no_page_has_a_script_or_a_style_of_its_own(built: Path) -> None:
    """The policy forbids them: they would silently not work."""
    assert {name: one.inline for name, one in pages(built).items() if one.inline} == {}


def test_nothing_is_loaded_from_elsewhere(built: Path) -> None:
    """Neither by a page nor by a style: a machine without a network shows all of it."""
    for name, one in pages(built).items():
        assert not [source for source in one.loaded if urlsplit(source).netloc], name
    for path in built.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(\s*[\"']?(?!data:)(?:https?:)?//", text), path.name


def test_every_page_and_what_it_loads_and_links_to_is_served(built: Path, visitor) -> None:
    """Through the service itself, with the type that a browser needs."""
    found = pages(built)
    wanted: set[str] = set()
    for name, one in found.items():
        for target in [*one.loaded, *one.links]:
            url = urlsplit(urljoin(GUIDE + name, target))
            if url.netloc != "localhost":
                continue
            wanted.add(url.path)
            within = url.path.removeprefix("/docs/guide/")
            if url.fragment and within in found:
                assert url.fragment in found[within].anchors, (name, target)
    assert "/docs/guide/reference/settings.html" in wanted
    for path in sorted(wanted):
        answer = visitor.get(path)
        assert answer.status_code == 200, path
        assert answer.content_type == TYPES[Path(path).suffix or ".html"]
        if answer.mimetype == "text/html":
            assert answer.headers["Content-Security-Policy"] == POLICY


def test_the_version_of_the_service_is_shown(built: Path) -> None:
    assert f"Qhronos {__version__}" in (built / "index.html").read_text(encoding="utf-8")
