"""Files that commands write: for their owner alone, and never over another one."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import IO

import click


def opened(path: Path, mode: str, instead: str = "name another file") -> IO[str]:
    """Open a file to write it, ``x`` a new one and ``a`` one that goes on.

    Raises ``click.UsageError``; ``instead`` is what to do if a new one is there already.
    """
    try:
        return open(path, mode, encoding="utf-8", opener=partial(os.open, mode=0o600))
    except FileExistsError:
        raise click.UsageError(f"{path} is there already: {instead}.") from None
    except OSError as error:
        raise click.UsageError(f"{path} can't be written ({error.strerror}).") from None
