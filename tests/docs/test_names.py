"""What a page names is there: files, links, make targets, calls; and pages can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Page, page

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
SUFFIXES = (".py", ".md", ".txt", ".toml", ".yaml", ".lua", ".example", ".lock")
NAMES = ("Makefile", "Dockerfile", ".ci/run", "LICENSE")

NOT_HERE = ("/", "data/", "audit.jsonl", "dist/", "docs/_build", "mutants/")
"""Beginnings of names that are not files of the repository."""


def by_name(one: Page) -> str:
    return one.name


def anchor(heading: str) -> str:
    """The anchor of a heading, as code hosts and MyST make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def links(one: Page) -> Iterator[tuple[str, str]]:
    """The links within the repository: file, anchor."""
    for target in re.findall(r"\]\(([^)\s]+)\)", one.prose):
        if not target.startswith("http"):
            file, _, fragment = target.partition("#")
            yield file, fragment


@pytest.mark.parametrize("one", PAGES, ids=by_name)
def test_every_file_that_is_named_exists(one: Page) -> None:
    """Paths in backticks lead somewhere, from the root of the repository."""
    shown = {block.file_name for block in one.blocks}
    missing = [
        span
        for span in one.code_spans
        if (span.endswith((*SUFFIXES, "/")) or span in NAMES)
        and not span.startswith(NOT_HERE)
        and not re.search(r"[ <{:]", span)
        and span not in shown
        and not (ROOT / span).exists()
    ]
    assert not missing


@pytest.mark.parametrize("one", PAGES, ids=by_name)
def test_every_link_leads_to_a_file_and_a_heading(one: Page) -> None:
    """Links work on a code host; the build of the guide checks them once more."""
    for file, fragment in links(one):
        if fragment.startswith("object-"):
            continue  # generated
        target = (ROOT / one.name).parent / file if file else ROOT / one.name
        assert target.exists(), file
        if fragment:
            headings = page(str(target.resolve().relative_to(ROOT))).headings
            assert fragment in {anchor(heading) for heading in headings}, (file, fragment)


@pytest.mark.parametrize("one", PAGES, ids=by_name)
def test_every_make_target_that_is_named_exists(one: Page) -> None:
    """``make x`` in prose and in examples is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+(?:-[a-z]+|-%)?):", MAKEFILE, flags=re.MULTILINE))
    for name in re.findall(r"(?:`|^ *)make ([a-z-]+)", one.text, flags=re.MULTILINE):
        assert name in targets or re.sub("-.*", "-%", name) in targets, name


@pytest.mark.parametrize("one", PAGES, ids=by_name)
def test_a_page_can_be_read_in_one_go(one: Page) -> None:
    """No page and no line is endless, outside of tables and examples.

    The changelog grows with each release, and is read by releases: these have the limit.
    """
    parts = one.text.split("\n## [") if one.name == "CHANGELOG.md" else [one.text]
    assert max(len(part.splitlines()) for part in parts) <= (240 if len(parts) > 1 else 320)
    for line in one.prose.splitlines():
        assert len(line) <= 100 or line.startswith(("|", "![")), line


def test_the_readme_is_short() -> None:
    assert len(page("README.md").text.splitlines()) <= 150


def test_every_page_of_the_guide_is_in_its_table_of_contents() -> None:
    """Nobody finds a page that no list names."""
    listed = {
        str((ROOT / one.name).parent.relative_to(ROOT) / line)
        for one in PAGES
        for block in re.findall(r"```\{toctree\}\n(.*?)```", one.text, re.DOTALL)
        for line in block.splitlines()
        if line and not line.startswith(":")
    }
    guide = {
        str(Path(one.name).with_suffix("")) for one in PAGES if one.name.startswith("docs/")
    } - {"docs/index"}
    assert listed == guide
