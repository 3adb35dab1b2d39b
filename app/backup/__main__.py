"""``python -m app.backup``: the commands ``qhronos backup`` and ``qhronos restore``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from app import __version__
from app.backup.cluster_snapshots import backup_of
from app.backup.files import STDOUT, written
from app.backup.loading import LoadedBackup, loaded
from app.backup.restoring import Restored, restore
from app.backup.sealing import encrypt, new_key, read_keys
from app.backup.secrets import put_back, require_keys
from app.backup.snapshots import describe
from app.backup.surveys import Tell, described, prepare, refuse_problems, survey
from app.backup.wording import BackupRefused, megabytes, plural
from app.config import Settings
from app.domain.ids import to_text
from app.domain.times import to_rfc3339
from app.errors import ConfigError, ExitStatus, QhronosError
from app.runtime.embedded import EmbeddedStore, running_store
from app.runtime.files import create_file
from app.runtime.local import LocalRun
from app.runtime.local import prepare as prepare_run
from app.runtime.secrets import kept_secrets
from app.setting_readers import environment
from app.setting_variables import load_settings
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.connection_names import name_connections

PATIENCE_S = 60.0

USAGE = """usage: python -m app.backup backup FILE|- [--key FILE]
       python -m app.backup backup verify FILE [--key FILE]
       python -m app.backup backup new-key FILE
       python -m app.backup restore FILE [--key FILE] [--again FILE] [--accept-lost-key]
"""


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command; answer the exit status (see ``ExitStatus``)."""
    name_connections("backup")
    words = list(argv)
    parser = argparse.ArgumentParser(usage=USAGE, add_help=False)
    parser.add_argument("file")
    parser.add_argument("--key", type=Path)
    command = " ".join(words[: 2 if words[1:2] in (["verify"], ["new-key"]) else 1])
    if command == "restore":
        parser.add_argument("--accept-lost-key", action="store_true")
        parser.add_argument("--again")
    options = parser.parse_args(words[len(command.split()) :])
    try:
        match command:
            case "backup":
                take(options.file, options.key, environ)
            case "backup verify":
                verify(options.file, options.key)
            case "backup new-key":
                make_key(options.file)
            case "restore":
                bring_back(
                    options.file,
                    options.key,
                    environ,
                    options.again,
                    accept_lost_key=options.accept_lost_key,
                )
            case _:
                sys.stderr.write(USAGE)
                return ExitStatus.SETTINGS
    except ConfigError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_status
    except QhronosError as error:
        sys.stderr.write(f"{error.message}\n")
        return ExitStatus.FAILED
    return ExitStatus.OK


def take(name: str, key: Path | None, environ: Mapping[str, str]) -> None:
    """Write a backup of the store to a file or to standard output."""
    keys = read_keys(key)
    run = prepare_run(environment(environ), kept_secrets)
    own = {} if run.settings.redis_url else kept_secrets(_given(environ))
    size = 0
    with _store(run) as client, written(name) as write:
        header = describe(client, __version__)
        if keys.recipients:
            header = replace(header, secrets=own)

        def count(piece: bytes) -> None:
            nonlocal size
            size += len(piece)
            write(piece)

        encrypt(backup_of(client, header), keys, count)
    _tell(
        f"{'The backup' if name == STDOUT else name} has everything that was answered before "
        f"{to_rfc3339(header.taken_ms)}: {megabytes(size)}."
    )
    if own and not keys.recipients:
        _tell(
            f"The secrets in {run.settings.data_dir / 'secrets'} are not in it, because it is not "
            "encrypted: keep a copy of them elsewhere, or use --key."
        )


def verify(name: str, key: Path | None) -> None:
    """Load a backup, and say what is in it."""
    with loaded(Path(name), read_keys(key)) as backup:
        partitions = prepare(backup.client, backup.header, name)
        found = survey(backup.client, partitions, backup.header.taken_ms, 0)
    refuse_problems(name, found.problems)
    _say(f"{name} is whole: {described(backup.header, is_encrypted=backup.is_encrypted)}.")
    for line in found.lines():
        _say(f"  {line}")


def make_key(name: str) -> None:
    """Make a key for backups in a new file, and say its public part."""
    text, public = new_key()
    try:
        made = create_file(Path(name), text)
    except OSError as error:
        raise BackupRefused(f"{name} can't be written ({error.strerror}).") from None
    if not made:
        raise BackupRefused(f"{name} exists already: name a new file.")
    _say(f"The secret key is in {name}: keep it where the backups are not.")
    _say(f"The public key, with which one can only make backups, is {public}")


def bring_back(
    name: str,
    key: Path | None,
    environ: Mapping[str, str],
    again: str | None,
    *,
    accept_lost_key: bool,
) -> None:
    """Restore a backup into the empty store that the settings name.

    ``again``: a file for the ids of what may be delivered again.
    """
    keys = read_keys(key)
    given = environment(environ)
    run = prepare_run(given, kept_secrets)
    with loaded(Path(name), keys) as backup:
        header = backup.header
        own = {} if run.settings.redis_url else header.secrets
        with put_back(own, run.settings.data_dir):
            run = prepare_run(given, kept_secrets)
            if not accept_lost_key:
                require_keys(header, run.settings)
            with _store(run, begin=True) as target:
                done, unlisted = _restored(backup, name, target, run.settings.partitions, again)
    _say(f"{name} is restored: {described(header, is_encrypted=backup.is_encrypted)}.")
    for line in done.survey.lines():
        _say(f"  {line}")
    taken = to_rfc3339(header.taken_ms)
    then, since = done.survey.due_then, done.survey.due_since
    _say(
        f"Due or under way when it was taken: {plural(then, 'occurrence')}; fallen due since: "
        f"{since:,}. Of these, what was delivered after {taken} is delivered again, with the same "
        "webhook-id. A series goes on by its misfire policy. What was created or changed after "
        f"{taken} is lost."
    )
    if unlisted:
        _tell(f"Everything is restored, but not listed: {unlisted}")


def _restored(
    backup: LoadedBackup, name: str, target: StoreClient, partitions: int, again: str | None
) -> tuple[Restored, str]:
    """Restore a backup; returns, too, why what may be delivered again could not be listed."""
    done = None
    try:
        with _listing(again) as tell:
            done = restore(backup, name, target, partitions, tell)
    except BackupRefused as error:
        if done is None:
            raise
        return done, error.message  # (The store is whole: its secrets must not be taken away.)
    return done, ""


def _given(environ: Mapping[str, str]) -> Settings:
    return load_settings(environment(environ))


@contextmanager
def _listing(name: str | None) -> Iterator[Tell]:
    """What writes ids into a file, one a line; without a name it does nothing."""
    if name is None:
        yield lambda _some: None
        return
    with written(name) as write:
        yield lambda some: write("".join(f"{to_text(one)}\n" for one in some).encode())


@contextmanager
def _store(run: LocalRun, *, begin: bool = False) -> Iterator[StoreClient]:
    """The store that the settings name: one that runs, or that of ``make run``, for a moment.

    ``begin``: the latter, even if its files are gone.
    """
    settings = run.settings
    if settings.redis_url:
        with connect(settings.redis_url, settings.store_login, timeout_s=PATIENCE_S) as client:
            yield client
        return
    if not begin and (url := running_store(settings.data_dir)):
        with connect(url, timeout_s=PATIENCE_S) as client:
            yield client
        return
    store = EmbeddedStore(settings.data_dir, fsync=settings.store_fsync, accept_empty=begin)
    with store, connect(store.url, timeout_s=PATIENCE_S) as client:
        yield client


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _tell(text: str) -> None:
    """Say something beside a backup that may go to standard output."""
    sys.stderr.write(text + "\n")


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _end_in_order() -> None:
    """Have what is half done removed when the command is told to end, by systemd or a terminal."""
    for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(one) != signal.SIG_IGN:
            signal.signal(one, _end)


if __name__ == "__main__":
    os.umask(0o077)
    _end_in_order()
    sys.exit(main(sys.argv[1:], os.environ))
