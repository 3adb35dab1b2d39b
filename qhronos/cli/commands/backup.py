"""``qhronos backup`` and ``qhronos restore``: the whole store in a file, and back."""

from __future__ import annotations

from pathlib import Path

import click

from qhronos.cli.server import become

STDOUT = "-"
ACTS = ("verify", "new-key")

_key = click.option(
    "--key",
    type=click.Path(),
    metavar="KEYFILE",
    help="A file with a key of age: the backup is encrypted with it, or opened.",
)


@click.command(options_metavar="[--key KEYFILE]")
@click.argument("words", nargs=-1, required=True, metavar="[verify | new-key] FILE")
@_key
def backup(words: tuple[str, ...], key: str | None) -> None:
    r"""Write all that the store has to FILE.

    It is one moment of the store, also while all runs; everything that was answered before is in
    it. FILE may be "-", for standard output. It asks the store that "qhronos up" in this directory
    has, or the one that QHRONOS_REDIS_URL names.

    \b
    qhronos backup FILE            make a backup
    qhronos backup verify FILE     load it and look whether it holds together
    qhronos backup new-key FILE    make a key to encrypt backups with
    """
    acts = words[:1] if len(words) > 1 and words[0] in ACTS else ()
    files = words[len(acts) :]
    if len(files) != 1:
        raise click.UsageError("Name one file.")
    become("app.backup", ["backup", *acts, _absolute(files[0]), *_with(key)])


@click.command()
@click.argument("file")
@_key
@click.option(
    "--again",
    type=click.Path(),
    metavar="LIST",
    help="Write the ids of all occurrences that may be delivered again into this file.",
)
@click.option(
    "--accept-lost-key",
    is_flag=True,
    help="Restore although the key is lost with which secrets in it are encrypted.",
)
def restore(file: str, key: str | None, again: str | None, accept_lost_key: bool) -> None:
    """Restore the backup FILE into an empty store.

    That is the one of "qhronos up" in this directory, which must be stopped, or the one that
    QHRONOS_REDIS_URL names. QHRONOS_PARTITIONS may be another number than it was.
    """
    accepted = ["--accept-lost-key"] if accept_lost_key else []
    options = [*_with(key), *_with(again, "--again"), *accepted]
    become("app.backup", ["restore", _absolute(file), *options])


def _with(name: str | None, option: str = "--key") -> list[str]:
    return [] if name is None else [option, _absolute(name)]


def _absolute(name: str) -> str:
    """A file of this directory: the server runs in another."""
    return name if name == STDOUT else str(Path.cwd() / name)
