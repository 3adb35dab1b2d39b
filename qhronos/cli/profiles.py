"""Which instance, and with which token: from the environment, a profile, or this directory.

Profiles are in one file that its owner alone may read. A new file is written beside it and put in
its place, so a crash leaves the one before.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qhronos.errors import NotConfigured

FILE = Path("qhronos") / "profiles.json"
LOCAL_TOKEN = Path("data") / "secrets" / "master_token"
"""Where ``qhronos up`` keeps the master token that it has made."""


@dataclass(frozen=True, slots=True)
class Login:
    """An address, a token, and where they are from."""

    url: str
    token: str = field(repr=False)
    source: str


def profiles_file(environ: Mapping[str, str]) -> Path:
    """The file with the profiles."""
    base = environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or Path.home()) / ".config"
    return Path(base) / FILE


def login(name: str | None, environ: Mapping[str, str], place: Path) -> Login:
    """Find out where and who: raises ``NotConfigured`` with what to do.

    A profile that is named counts. Else QHRONOS_URL and QHRONOS_TOKEN, then the profile that was
    used to log in last, then the instance that runs in ``place``.
    """
    name = name or environ.get("QHRONOS_PROFILE") or None
    url, token = environ.get("QHRONOS_URL", ""), environ.get("QHRONOS_TOKEN", "")
    if name is None and url and token:
        return Login(url, token, "QHRONOS_URL and QHRONOS_TOKEN")
    file = profiles_file(environ)
    kept = read(file)
    chosen = name or kept.get("current")
    if chosen is not None:
        profile = kept["profiles"].get(chosen)
        if profile is None:
            known = ", ".join(sorted(kept["profiles"])) or "none"
            raise NotConfigured(
                f"There is no profile {chosen!r} (there is: {known}): run 'qhronos login'."
            )
        return Login(url or profile["url"], token or profile["token"], f"profile {chosen}")
    return _of_directory(url, token, environ, place)


def _of_directory(url: str, token: str, environ: Mapping[str, str], place: Path) -> Login:
    local = place / LOCAL_TOKEN
    try:
        token = token or local.read_text(encoding="utf-8").strip()
    except OSError:
        raise NotConfigured(
            "No instance is known: run 'qhronos login', or set QHRONOS_URL and QHRONOS_TOKEN."
        ) from None
    port = environ.get("QHRONOS_PORT") or "8080"
    return Login(url or f"http://127.0.0.1:{port}", token, f"the instance of {place}")


def read(file: Path) -> dict[str, Any]:
    """Read the profiles; none if there is no file. Raises ``NotConfigured`` if it can't be used."""
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {"current": None, "profiles": {}}
    except (OSError, UnicodeDecodeError) as error:
        raise NotConfigured(f"{file} can't be read ({error}).") from None
    if mode & 0o077:
        raise NotConfigured(f"Others may read the tokens in {file}: chmod 600 {file}")
    try:
        kept = json.loads(text)
        profiles = {
            str(name): {"url": str(one["url"]), "token": str(one["token"])}
            for name, one in kept["profiles"].items()
        }
        return {"current": kept.get("current"), "profiles": profiles}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotConfigured(
            f"{file} is no file of profiles: remove it, then run 'qhronos login'."
        ) from None


def save(file: Path, kept: Mapping[str, Any]) -> None:
    """Write the profiles, for their owner alone; raises ``NotConfigured`` if that can't be done."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".profiles-")  # of mode 600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as new:
                json.dump(kept, new, indent=2)
                new.write("\n")
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise NotConfigured(f"{file} can't be written ({error.strerror}).") from None
