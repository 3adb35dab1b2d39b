"""``python -m qhronos`` is the command ``qhronos``."""

from __future__ import annotations

from qhronos.cli.main import run

if __name__ == "__main__":
    run()
