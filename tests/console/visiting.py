"""How tests have the console visited: with the system's Chromium, driven by ``make browser``."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NO_BROWSER = "install Chromium (on Debian: apt install chromium) and see that 'make browser' works"


def chromium() -> str | None:
    """The system's Chromium, or Chrome."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


def browser_python() -> str | None:
    """The Python that drives a browser, installed if it can be."""
    made = subprocess.run(
        ["make", "--silent", "browser"], cwd=ROOT, capture_output=True, check=False
    )
    python = ROOT / ".venv" / "browser" / "bin" / "python"
    return str(python) if made.returncode == 0 and python.exists() else None


def visit(
    python: str, program: str, url: str, token: str, target: str, out: Path | None = None
) -> dict[str, Any]:
    """Have somebody work in the console of an instance; what was done, and what was wrong."""
    given = {"url": url, "token": token, "target": target, "chromium": program}
    ran = subprocess.run(
        [python, str(ROOT / "tests" / "console" / "visit.py")],
        input=json.dumps(given | ({"out": str(out)} if out else {})),
        capture_output=True,
        text=True,
        check=False,
        timeout=460,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return dict(json.loads(ran.stdout))
