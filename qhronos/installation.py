"""Where the files of the server are, and which version this is.

The server is the package ``app`` with a few files beside it. In a checkout they stand beside this
package. The wheel has them in ``qhronos/server``, which is on nobody's path, so that no package
``app`` of somebody else is hidden: only the processes that ``qhronos up`` starts look there.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def server_directory() -> Path:
    """The directory that has ``app``, ``wsgi.py``, ``worker.py`` and ``gunicorn.conf.py``."""
    installed = _HERE / "server"
    return installed if installed.is_dir() else _HERE.parent


@cache
def version() -> str:
    """The version, from the one place that has it: ``app/__init__.py``."""
    text = (server_directory() / "app" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.*)"$', text, re.MULTILINE)
    return found[1] if found else "unknown"
