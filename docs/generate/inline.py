"""Moves the theme's inline scripts and styles into files, so that the guide's policy can be strict.

The service sends these pages with a Content-Security-Policy that allows only scripts and styles
which come as files from the service itself. Each distinct inline text becomes one file, named by
its hash, and a page that was tidied is not changed again.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
HIDDEN = ' style="display: none;"'
OPACITY = re.compile(r' style="(opacity): (\d+%)"')


def tidy(directory: Path) -> None:
    """Rewrite every page of a built guide."""
    for page in directory.rglob("*.html"):
        before = page.read_text(encoding="utf-8")
        root = "../" * (len(page.relative_to(directory).parts) - 1)
        after = _without_inline(before, directory / "_static", f"{root}_static/")
        if after != before:
            page.write_text(after, encoding="utf-8")


def _without_inline(text: str, static: Path, url: str) -> str:
    def script(match: re.Match[str]) -> str:
        return f'<script src="{url}{_kept(match[1], static, ".js")}"></script>'

    def style(match: re.Match[str]) -> str:
        name = _kept(match[1], static, ".css")
        return f'<link rel="stylesheet" type="text/css" href="{url}{name}">'

    text = STYLE.sub(style, SCRIPT.sub(script, text))
    return OPACITY.sub(r' \1="\2"', text.replace(HIDDEN, ' class="icons" width="0" height="0"'))


def _kept(text: str, static: Path, suffix: str) -> str:
    """Keep a text as a file and return its name."""
    name = "inline-" + hashlib.sha256(text.encode()).hexdigest()[:12] + suffix
    (static / name).write_text(text, encoding="utf-8")
    return name
