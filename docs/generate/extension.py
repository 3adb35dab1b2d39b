"""The Sphinx extension of this guide: it fills the generated pages and tidies the built ones.

A page that has a line ``<!-- generated: settings -->`` gets the text of that generator in place of
the line, each time that the guide is built. Nothing generated is kept in the repository, so it
can't be out of date.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docs.generate.api_reference import api_reference
from docs.generate.inline import tidy
from docs.generate.settings_reference import settings_reference

GENERATORS: dict[str, Callable[[], str]] = {
    "api": api_reference,
    "settings": settings_reference,
}
"""What can stand after ``generated:``."""

MARK = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)


def setup(app: Any) -> dict[str, Any]:
    """Connect to the events of a build; Sphinx calls this."""
    app.connect("env-get-outdated", _generated_pages)
    app.connect("source-read", _fill)
    app.connect("build-finished", _tidy_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _generated_pages(_app: Any, env: Any, *_changes: object) -> list[str]:
    """Name the pages that have to be read anew although their file did not change."""
    return [name for name in env.found_docs if MARK.search(_text(env.doc2path(name)))]


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def _fill(_app: Any, _name: str, source: list[str]) -> None:
    source[0] = MARK.sub(lambda match: GENERATORS[match[1]](), source[0])


def _tidy_pages(app: Any, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        tidy(Path(app.outdir))
