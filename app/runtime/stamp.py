"""``server.json``: which server has run on a directory, and so that there should be data in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from app.errors import ConfigError
from app.runtime.binary import ServerBinary, parse_version
from app.runtime.files import replace_file

STAMP = "server.json"


def has_stamp(store: Path) -> bool:
    """Tell whether a server has run on the directory."""
    return (store / STAMP).exists()


def remove_stamp(store: Path) -> None:
    """Forget that one has."""
    (store / STAMP).unlink(missing_ok=True)


def check_stamp(store: Path, binary: ServerBinary) -> None:
    """Raise ``ConfigError`` if the directory was written by a server that ours can't follow."""
    try:
        stamp = json.loads((store / STAMP).read_text(encoding="utf-8"))
        name, version = str(stamp["name"]), str(stamp["version"])
    except FileNotFoundError:
        return  # a new directory
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(
            f"{store / STAMP} can't be read, so nobody knows which server wrote "
            "this directory: put the file back, or remove it if the store is empty."
        ) from None
    if not binary.can_read(name, parse_version(version)):
        raise ConfigError(
            f"The store in {store} was written by {name} {version}, whose files "
            f"{binary} can't read: install {name} {version} or later, or set "
            "QHRONOS_DATA_DIR to another directory."
        )


def write_stamp(store: Path, binary: ServerBinary, pid: int) -> None:
    """Note which server runs on the directory; it may have written to it from now on."""
    stamp = {
        "name": binary.name,
        "version": ".".join(map(str, binary.version)),
        "pid": pid,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    replace_file(store / STAMP, json.dumps(stamp) + "\n")
