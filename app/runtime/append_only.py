"""The files of an append-only store: are they whole, and what is lost if a damaged end is cut off?

The server cuts off a last command that is incomplete, as a crash leaves one. It does not start on
anything else, for instance on zeros that a file system appends when the power fails. The format is
that of the protocol: ``*3`` and a line end for three arguments, then for each ``$``, its length, a
line end, its bytes and a line end.
"""

from __future__ import annotations

import mmap
import os
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.errors import StoreDamaged
from app.runtime.files import flush

FOLDER = "appendonlydir"
MANIFEST = "appendonly.aof.manifest"
SINGLE = "appendonly.aof"
"""What a server before Redis 7 has in the place of the folder."""

_ENTRY = re.compile(r"^file (\S+) seq \d+ type ([bih])\b", re.MULTILINE)
_COUNT = re.compile(rb"\*([1-9][0-9]{0,8})\r\n")
_LENGTH = re.compile(rb"\$([0-9]{1,10})\r\n")
_NOTE = re.compile(rb"#[^\r\n]*\r\n")
SNAPSHOT = (b"REDIS", b"VALKEY")
"""What a base file begins with that is a snapshot and not commands."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Where a file stops making sense."""

    file: Path
    sound: int
    """How many bytes of it are whole commands."""

    size: int
    commands: int
    """How many commands are whole."""

    is_last: bool
    """Whether nothing comes after it, so that its end can be cut off."""

    @property
    def sentence(self) -> str:
        """What is wrong and what can be done."""
        lost = self.size - self.sound
        says = (
            f"The store's file {self.file} is damaged from byte {self.sound:,} on, after "
            f"{self.commands:,} commands; "
        )
        if not self.is_last:
            return says + "it is not the last one, so restore a backup of the store's directory."
        return says + (
            f"'python -m app.runtime repair' cuts off the last {lost:,} bytes, which are lost, and "
            "keeps a copy; if you have a later backup, restore that instead."
        )


def listed(store: Path) -> list[Path]:
    """The files that make up the store, in order; none if there is no store yet.

    Raises ``StoreDamaged`` if some are missing, or nobody knows which there should be.
    """
    folder = store / FOLDER
    manifest = folder / MANIFEST
    try:
        text = manifest.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        if left := sorted(folder.glob("*.aof")) + sorted(folder.glob("*.rdb")):
            raise StoreDamaged(
                f"{manifest} is missing, and the store would begin empty beside {left[0].name}: "
                "restore a backup, or start with --accept-empty (make run ARGS=--accept-empty)."
            ) from None
        single = store / SINGLE
        return [single] if single.exists() else []
    entries = _ENTRY.findall(text)
    files = [folder / name for name, kind in entries if kind != "h"]
    missing = [file for file in files if not file.is_file()]
    if missing or not files:
        raise StoreDamaged(
            f"{missing[0] if missing else manifest} is missing or empty: restore a backup of the "
            "store's directory, or start with an empty store, with --accept-empty (make run "
            "ARGS=--accept-empty)."
        )
    return files


def find_damage(store: Path, known: Collection[bytes] = ()) -> Damage | None:
    """Read all files and say where the first of them is damaged; nothing if none is.

    ``known`` are the names of the commands that there are, in capitals; none: any. A snapshot is
    not looked into. Raises ``StoreDamaged`` as ``listed`` does.
    """
    files = [file for file in listed(store) if file.stat().st_size]
    for file in files:
        sound, commands = _sound(file, known)
        if sound < file.stat().st_size:
            return Damage(file, sound, file.stat().st_size, commands, file == files[-1])
    return None


def repair(store: Path, damage: Damage) -> Path:
    """Cut off what is damaged; answers where the copy of the whole file is.

    Raises ``OSError``, for instance if there is no room for the copy; then nothing has changed.
    """
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    kept = store / f"damaged-{moment}"
    kept.mkdir(mode=0o700)
    copy = kept / damage.file.name
    try:
        shutil.copyfile(damage.file, copy)
        flush(copy)
        flush(kept)
    except OSError:
        shutil.rmtree(kept, ignore_errors=True)
        raise
    os.truncate(damage.file, damage.sound)
    flush(damage.file)
    return copy


def put_aside(store: Path) -> None:
    """Move what is left of a store to where nothing finds it, so that another can begin."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    for name in (FOLDER, SINGLE):
        if (store / name).exists():
            (store / name).rename(store / f"damaged-{moment}-{name}")


def _sound(file: Path, known: Collection[bytes]) -> tuple[int, int]:
    """How many bytes from the beginning are whole commands, and how many commands that are.

    A transaction counts once it is whole.
    """
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:6].startswith(SNAPSHOT):
            return len(data), 0
        position = sound = commands = pending = 0
        in_transaction = False
        while position < len(data):
            note = _NOTE.match(data, position)
            command = None if note else _command(data, position)
            if note:
                position = note.end()
            elif command is None or (known and command[0] not in known):
                break
            else:
                name, position = command
                pending += 1
                in_transaction = (in_transaction or name == b"MULTI") and name != b"EXEC"
            if not in_transaction:
                sound, commands, pending = position, commands + pending, 0
        return sound, commands


def _command(data: mmap.mmap, position: int) -> tuple[bytes, int] | None:
    """The name of the command at a position, and where the next begins; nothing if it is none."""
    count = _COUNT.match(data, position)
    if not count:
        return None
    position, name = count.end(), b""
    for index in range(int(count[1])):
        length = _LENGTH.match(data, position)
        if not length:
            return None
        begin = length.end()
        position = begin + int(length[1]) + 2
        if data[position - 2 : position] != b"\r\n":
            return None
        if index == 0:
            name = data[begin : position - 2].upper()
    return name, position
