"""How Sphinx builds the guide (``make docs``): Markdown pages, and a generated reference."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app import __version__  # noqa: E402 - the path is set just above

project = "Qhronos"
author = "Qhronos contributors"
copyright = "2026 Qhronos contributors"  # noqa: A001 - Sphinx reads this name
version = release = __version__
language = "en"

extensions = ["myst_parser", "docs.generate.extension"]
exclude_patterns = ["_build", "generate", "pictures/README.md"]
myst_enable_extensions = ["colon_fence", "deflist", "attrs_block"]
myst_heading_anchors = 4
# Programs and console output have no language; other blocks must be what they say they are.
highlight_language = "none"
nitpicky = True
keep_warnings = False

html_theme = "furo"
html_title = f"Qhronos {release}"
html_static_path = ["static"]
html_css_files = ["guide.css"]
# Nothing comes from elsewhere: no fonts, no scripts, no pictures. The service's policy would
# refuse it, and a machine without a network shows all of it.
html_theme_options = {"navigation_with_keys": False}
html_copy_source = False
html_show_sourcelink = False
html_last_updated_fmt = None
html_use_index = False
html_permalinks_icon = "#"
