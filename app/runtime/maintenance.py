"""Commands that end by themselves: checking an audit log, maintaining the store of a local run."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import redis

from app.domain.audit import ChainBroken, check
from app.errors import ConfigError, ExitStatus, StoreDamaged
from app.runtime.append_only import Damage, find_damage, repair
from app.runtime.embedded import EmbeddedStore, running_store
from app.runtime.local import prepare
from app.runtime.secrets import kept_secrets
from app.runtime.store_files import cant_write
from app.setting_readers import environment
from app.setting_variables import load_settings

USAGE = "usage: python -m app.runtime audit-check FILE [NEWEST HASH OF AN EARLIER EXPORT]\n"

INSPECT_USAGE = "usage: python -m app.runtime inspect ID-OF-AN-EVENT-OR-OCCURRENCE\n"


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


def maintain(environ: Mapping[str, str], *command: str) -> int:
    """Run a command of ``worker.py`` on the store of a local run; answer its exit status."""
    try:
        # No secret is made: one that nobody else has would be no use, and harm a store.
        run = prepare(environment(environ), kept_secrets)
        if run.settings.redis_url:
            return _run(run.environ, *command)
        with EmbeddedStore(run.settings.data_dir, fsync=run.settings.store_fsync) as store:
            return _run(run.with_setting("REDIS_URL", store.url).environ, *command)
    except ConfigError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_status


def inspect(environ: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Print what the store has of an event or an occurrence; answer the exit status."""
    if len(arguments) != 1:
        sys.stderr.write(INSPECT_USAGE)
        return ExitStatus.SETTINGS
    return on_store(environ, "inspect", *arguments)


def on_store(environ: Mapping[str, str], *command: str) -> int:
    """Run a command of ``worker.py`` beside a local run; answer its exit status.

    The store is asked while that runs, or started for a moment.
    """
    try:
        run = prepare(environment(environ), kept_secrets)
        url = run.settings.redis_url or running_store(run.settings.data_dir)
    except ConfigError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_status
    if url:
        return _run(run.with_setting("REDIS_URL", url).environ, *command)
    return maintain(environ, *command)


def repair_store(environ: Mapping[str, str]) -> int:
    """Cut off the damaged end of the store of ``make run``; answer the exit status.

    A copy of the file is kept.
    """
    try:
        settings = load_settings(environment(environ))
        with contextlib.closing(EmbeddedStore(settings.data_dir)) as store:
            directory = store.hold()
            damage = find_damage(directory, _known_commands())
            if not damage:
                sys.stdout.write("The files of the store are whole.\n")
                return ExitStatus.OK
            if not damage.is_last:
                raise StoreDamaged(damage.sentence)
            copy = _cut(directory, damage)
    except ConfigError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_status
    sys.stdout.write(
        f"The last {damage.size - damage.sound:,} bytes of {damage.file} are cut off, after "
        f"{damage.commands:,} commands. A copy of the whole file is {copy}.\n"
    )
    return ExitStatus.OK


def _cut(directory: Path, damage: Damage) -> Path:
    try:
        return repair(directory, damage)
    except OSError as error:
        raise cant_write(directory, error) from None


def _known_commands() -> frozenset[bytes]:
    """The names of all commands that our server knows, in capitals."""
    with (
        tempfile.TemporaryDirectory(prefix="qhronos-") as directory,
        EmbeddedStore(Path(directory), persist=False) as store,
        redis.Redis.from_url(store.url) as client,
    ):
        return frozenset(str(name).upper().encode() for name in client.command())


def _run(environ: Mapping[str, str], *command: str) -> int:
    argv = (sys.executable, "worker.py", *command)
    return subprocess.run(argv, env=environ, check=False).returncode  # noqa: S603 - our own file
