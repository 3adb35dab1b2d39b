"""The pages that people read, cut into what a test can look at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code: its language and its text, without the indentation of a list around it."""

    language: str
    text: str

    @property
    def file_name(self) -> str:
        """The name in a first line such as ``# verify.py`` or ``// verify.js``; else empty."""
        match = re.match(r"(?:#|//) ([\w.]+\.\w+)", self.text)
        return match[1] if match else ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of Markdown."""

    name: str
    text: str

    @property
    def blocks(self) -> list[Block]:
        """Its blocks of code, in order."""
        return [
            Block(language, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))
            for indent, language, text in FENCE.findall(self.text)
        ]

    @property
    def prose(self) -> str:
        """What is not code."""
        return FENCE.sub("", self.text)

    @property
    def code_spans(self) -> list[str]:
        """What stands in backticks within the prose."""
        return re.findall(r"`([^`\n]+)`", self.prose)

    @property
    def headings(self) -> list[str]:
        """The texts of its headings."""
        return re.findall(r"^#+ (.*)$", self.prose, flags=re.MULTILINE)

    def in_language(self, *languages: str) -> list[str]:
        """The texts of its blocks in these languages."""
        return [block.text for block in self.blocks if block.language in languages]

    def rows(self, first_column: str) -> list[list[str]]:
        """The cells of the rows of the table that begins with this column's head."""
        table = re.search(
            rf"^\| {re.escape(first_column)} \|.*\n\|[-| ]+\n((?:\|.*\n)*)", self.text, re.MULTILINE
        )
        assert table, f"{self.name} has no table that begins with {first_column}"
        return [
            [cell.strip() for cell in line.strip("|").split(" | ")]
            for line in table[1].splitlines()
        ]


def page(name: str) -> Page:
    """Read one page, by its path from the root of the repository."""
    return Page(name, (ROOT / name).read_text(encoding="utf-8"))


def _names() -> list[str]:
    guide = [path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts]
    return sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *guide])


PAGES = [page(name) for name in _names()]
"""Every page: those at the root and those of the guide."""
