"""Secrets that ``make run`` makes for itself, once, in the data directory.

A production start never comes here: it refuses to run without secrets of the operator's.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from pathlib import Path

from app.config import Settings
from app.errors import ConfigError
from app.runtime.files import create_file, private_directory
from app.setting_readers import text_file

_MAKERS: dict[str, Callable[[], str]] = {
    "master_token": lambda: "qhr_" + secrets.token_urlsafe(32),
    "jwt_secret": lambda: secrets.token_urlsafe(48),
    # Standard Webhooks: a key of 24 to 64 random bytes, in base64 after this prefix.
    "signing_secret": lambda: "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
    "encryption_key": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
}


def secret_path(data_dir: Path, name: str) -> Path:
    """Say where a made secret is kept; ``name`` is the setting's, as in ``master_token``."""
    return data_dir.absolute() / "secrets" / name


def made_secrets(settings: Settings) -> dict[str, str]:
    """Answer the secrets that no setting gives, by setting name, made now or earlier.

    A secret once made is never overwritten, whoever starts at the same time. Raises
    ``ConfigError`` if the data directory can't be used or a kept secret has been damaged.
    """
    return {
        name: _made_once(secret_path(settings.data_dir, name), make)
        for name, make in _MAKERS.items()
        if not getattr(settings, name)
    }


def kept_secrets(settings: Settings) -> dict[str, str]:
    """Answer the secrets that an earlier start has made and no setting gives; makes none."""
    return {
        name: _made_once(secret_path(settings.data_dir, name), make)
        for name, make in _MAKERS.items()
        if not getattr(settings, name) and secret_path(settings.data_dir, name).exists()
    }


def _made_once(path: Path, make: Callable[[], str]) -> str:
    private_directory(path.parent)
    try:
        if not path.exists():
            create_file(path, make())
        return text_file(path)
    except OSError as error:
        raise ConfigError(
            f"The secret in {path} can't be read or made ({error.strerror}): make it readable."
        ) from None
    except ValueError as error:
        raise ConfigError(
            f"The secret in {path} {error}; put it back, or remove the file to get a new one."
        ) from None
