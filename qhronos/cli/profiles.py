"""Which instance, and with which token: from the environment, a profile, or this directory.

Profiles are in one file that its owner alone may read. A new file is written beside it and put in
its place, so a crash leaves the one before.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from qhronos.errors import ApiError, NotConfigured, QhronosError

FILE = Path("qhronos") / "profiles.json"
LOCAL_TOKEN = Path("data") / "secrets" / "master_token"
"""Where ``qhronos up`` keeps the master token that it has made."""

URL_FROM, TOKEN_FROM = "The address is from QHRONOS_URL.", "The token is from QHRONOS_TOKEN."


@dataclass(frozen=True, slots=True)
class Login:
    """An address, a token, and where they are from."""

    url: str
    token: str = field(repr=False)
    source: str
    of_url: str = field(default="", repr=False)
    of_token: str = field(default="", repr=False)
    """Where each is from, or what helps, as a sentence: for when it does not do."""

    def about(self, error: QhronosError) -> QhronosError:
        """The same error, with where the address or the token is from."""
        if isinstance(error, ApiError):
            sentence = f"{error} {self.of_token}".strip()
            return type(error)(sentence, status=error.status, document=error.document)
        return type(error)(f"{error} {self.of_url}".strip())


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
        return Login(url, token, "QHRONOS_URL and QHRONOS_TOKEN", URL_FROM, TOKEN_FROM)
    file = profiles_file(environ)
    kept = read(file)
    chosen = name or kept.get("current")
    if chosen is not None:
        profile = kept["profiles"].get(chosen)
        if profile is None:
            raise NotConfigured(f"There is no profile {chosen!r}: {_instead(chosen, kept)}")
        again = f"'qhronos login {profile['url']} --name {chosen}' gives the profile another."
        return Login(
            url or profile["url"],
            token or profile["token"],
            f"profile {chosen}",
            URL_FROM if url else f"The address is from the profile {chosen}.",
            TOKEN_FROM if token else again,
        )
    return _of_directory(url, token, environ, place)


def _instead(chosen: str, kept: Mapping[str, Any]) -> str:
    """What somebody may have meant who named a profile that is not there."""
    if near := get_close_matches(chosen, kept["profiles"], 1):
        return f"did you mean {near[0]!r}?"
    known = ", ".join(sorted(kept["profiles"]))
    if known:
        return f"there is {known}."
    return f"make it with 'qhronos login URL --name {chosen}'."


def _of_directory(url: str, token: str, environ: Mapping[str, str], place: Path) -> Login:
    local = place / LOCAL_TOKEN
    port = environ.get("QHRONOS_PORT") or _port_of(place / ".env") or "8080"
    of_url = (
        URL_FROM
        if url
        else ("'qhronos up' starts the instance of this directory; QHRONOS_PORT is its port.")
    )
    of_token = TOKEN_FROM if token else f"The token is from {local}."
    try:
        token = token or local.read_text(encoding="utf-8").strip()
    except OSError:
        raise NotConfigured(
            "No instance is known: run 'qhronos login', or set QHRONOS_URL and QHRONOS_TOKEN."
        ) from None
    url = url or f"http://127.0.0.1:{port}"
    return Login(url, token, f"the instance of {place}", of_url, of_token)


def _port_of(file: Path) -> str | None:
    """The port in the settings that ``qhronos up`` reads, which may be in a file ``.env``."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    found = re.findall(r"""^\s*(?:export\s+)?QHRONOS_PORT\s*=\s*["']?(\d+)""", text, re.MULTILINE)
    return found[-1] if found else None


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
