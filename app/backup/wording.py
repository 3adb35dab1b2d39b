"""The error of every command on backups, and numbers for people."""

from __future__ import annotations

from app.errors import ConfigError, ExitStatus


class BackupRefused(ConfigError):
    """The backup can't be made, or not be used; the sentence says why and what to do."""

    exit_status = ExitStatus.FAILED


def megabytes(size: int) -> str:
    """So many bytes, as people read them."""
    return f"{size / 1_000_000:,.1f} MB"


def plural(number: int, noun: str) -> str:
    """As in ``1 event`` and ``2 events``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
