"""Commands that end by themselves: checking an audit log, maintaining the store of a local run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.domain.audit import ChainBroken, check
from app.errors import ConfigError
from app.runtime.embedded import EmbeddedStore
from app.runtime.local import prepare
from app.runtime.secrets import kept_secrets
from app.setting_readers import environment

USAGE = "usage: python -m app.runtime audit-check FILE [NEWEST HASH OF AN EARLIER EXPORT]\n"


def check_file(arguments: Sequence[str]) -> int:
    """Verify an export of the audit log, offline.

    Answer the exit status: 0 if it holds together, 1 if not, 2 if it can't be read.
    """
    if len(arguments) not in (1, 2):
        sys.stderr.write(USAGE)
        return 2
    try:
        with Path(arguments[0]).open(encoding="utf-8") as lines:
            chain = check(lines, *arguments[1:])
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{arguments[0]} can't be read: {error}.\n")
        return 2
    except ChainBroken as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    sys.stdout.write(
        f"{chain.entries} entries, {chain.first} to {chain.last}, hold together; "
        f"the newest hash is {chain.newest}.\n"
        if chain.entries
        else "The file has no entries.\n"
    )
    return 0


def maintain(environ: Mapping[str, str], command: str) -> int:
    """Run a command of ``worker.py`` on the store of a local run; answer its exit status."""
    try:
        # No secret is made: one that nobody else has would be no use, and harm a store.
        run = prepare(environment(environ), kept_secrets)
        if run.settings.redis_url:
            return _run(run.environ, command)
        with EmbeddedStore(run.settings.data_dir, fsync=run.settings.store_fsync) as store:
            return _run(run.with_setting("REDIS_URL", store.url).environ, command)
    except ConfigError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_status


def _run(environ: Mapping[str, str], command: str) -> int:
    argv = (sys.executable, "worker.py", command)
    return subprocess.run(argv, env=environ, check=False).returncode  # noqa: S603 - our own file
