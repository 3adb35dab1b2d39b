"""Damaged files of the store are found, mended where that can be done, and never taken for empty.

Tests ``app.runtime.store_files`` and ``app.runtime.stamp``, too.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from app.errors import ConfigError, ExitStatus, StoreDamaged
from app.runtime import append_only, embedded, store_files
from app.runtime.append_only import find_damage, listed, repair
from app.runtime.embedded import EmbeddedStore
from app.runtime.maintenance import repair_store
from app.runtime.stamp import STAMP

KEYS = 50


@pytest.fixture(scope="module")
def written() -> Iterator[Path]:
    """A data directory with keys of one command each, and a transaction at the end."""
    # Not pytest's own directory: its paths are too long for a Unix socket.
    with tempfile.TemporaryDirectory(prefix="qhronos-") as name:
        with EmbeddedStore(Path(name)) as store, redis.Redis.from_url(store.url) as client:
            for number in range(KEYS):
                client.set(f"key {number}", "a value")
            client.pipeline().set("first", 1).set("second", 2).execute()
        yield Path(name)


@pytest.fixture
def data_dir(written: Path) -> Iterator[Path]:
    """A copy of it, to be damaged."""
    with tempfile.TemporaryDirectory(prefix="qhronos-") as name:
        shutil.copytree(written / "store", Path(name) / "store")
        yield Path(name)


def last_file(data_dir: Path) -> Path:
    (file,) = (data_dir / "store" / "appendonlydir").glob("*.incr.aof")
    return file


def environ(data_dir: Path) -> dict[str, str]:
    return {"QHRONOS_DATA_DIR": str(data_dir)}


def keys_in(data_dir: Path) -> int:
    with EmbeddedStore(data_dir) as store, redis.Redis.from_url(store.url) as client:
        return int(client.dbsize())  # type: ignore[arg-type]


def test_whole_files_are_left_alone(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = last_file(data_dir).read_bytes()
    assert find_damage(data_dir / "store") is None
    assert repair_store(environ(data_dir)) == ExitStatus.OK
    assert capsys.readouterr().out == "The files of the store are whole.\n"
    assert last_file(data_dir).read_bytes() == before


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_the_server_itself_cuts_off_what_a_crash_has_left_incomplete(
    data_dir: Path, cut: int
) -> None:
    os.truncate(last_file(data_dir), last_file(data_dir).stat().st_size - cut)
    assert keys_in(data_dir) == KEYS


def flip(raw: bytes, old: bytes, new: bytes) -> bytes:
    """Damage the last place of its kind."""
    head, found, tail = raw.rpartition(old)
    assert found
    return head + new + tail


@pytest.mark.parametrize(
    ("damage", "left"),
    [
        (lambda raw: raw + b"\0" * 4096, KEYS + 2),
        (lambda raw: raw + b"garbage", KEYS + 2),
        (lambda raw: raw + os.urandom(512), KEYS + 2),
        (lambda raw: flip(raw, b"MULTI", b"MUTLI"), KEYS),
        (lambda raw: flip(raw, b"key 49", b"key 49 and more"), KEYS - 1),
        (lambda raw: flip(raw, b"*3\r\n$3\r\nSET\r\n$6\r\nkey 40", b"*9"), 40),
        (lambda raw: b"", None),
    ],
)  # fmt: skip
def test_a_damaged_end_is_named_and_cut_off_and_a_copy_is_kept(
    data_dir: Path,
    damage: Callable[[bytes], bytes],
    left: int | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The start says which file, and how much would be lost; the command says what was."""
    file = last_file(data_dir)
    damaged = damage(file.read_bytes())
    file.write_bytes(damaged)
    with pytest.raises((StoreDamaged, ConfigError)) as refused:
        EmbeddedStore(data_dir).start()
    if left is None:  # nothing is there that could be mended
        assert "are empty or gone" in refused.value.message
        return
    assert repair_store(environ(data_dir)) == ExitStatus.OK
    said = capsys.readouterr().out
    assert f"of {file} are cut off" in said
    (copy,) = (data_dir / "store").glob("damaged-*/*.aof")
    assert str(copy) in said
    assert copy.read_bytes() == damaged
    assert damaged.startswith(file.read_bytes())
    assert keys_in(data_dir) == left


def test_the_sentence_says_how_much_would_be_lost(data_dir: Path) -> None:
    file = last_file(data_dir)
    whole = file.stat().st_size
    file.write_bytes(file.read_bytes() + b"\0" * 12_345)
    found = find_damage(data_dir / "store")
    assert found
    assert (found.sound, found.size, found.is_last) == (whole, whole + 12_345, True)
    assert found.commands == KEYS + 4 + 1  # MULTI and EXEC, and SELECT before all
    for word in (str(file), "last 12,345 bytes", "python -m app.runtime repair", "backup"):
        assert word in found.sentence


def test_a_file_that_others_follow_is_not_cut(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What comes after it would be applied to another state."""
    (base,) = (data_dir / "store" / "appendonlydir").glob("*.base.aof")
    base.write_bytes(b"*1\r\nnonsense")
    assert repair_store(environ(data_dir)) == ExitStatus.DAMAGED
    assert "restore a backup" in capsys.readouterr().err
    assert base.read_bytes() == b"*1\r\nnonsense"
    with pytest.raises(StoreDamaged, match="restore a backup"):
        EmbeddedStore(data_dir).start()


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


GONE: dict[str, Callable[[Path], None]] = {
    "emptied": lambda store: os.truncate(last_file(store.parent), 0),
    "a file": lambda store: remove(last_file(store.parent)),
    "the manifest": lambda store: remove(store / "appendonlydir" / append_only.MANIFEST),
    "an emptied manifest": lambda store: os.truncate(
        store / "appendonlydir" / append_only.MANIFEST, 0
    ),
    "the folder": lambda store: remove(store / "appendonlydir"),
}


@pytest.mark.parametrize("take", GONE.values(), ids=GONE)
def test_a_store_that_is_gone_is_not_begun_anew_without_a_word(
    data_dir: Path, take: Callable[[Path], None]
) -> None:
    """Twice, so that the refusal leaves nothing behind; then it is accepted, and kept aside."""
    store = data_dir / "store"
    take(store)
    for _ in range(2):
        with pytest.raises(StoreDamaged, match="accept-empty"):
            EmbeddedStore(data_dir).open()
    with (
        EmbeddedStore(data_dir, accept_empty=True) as begun,
        redis.Redis.from_url(begun.url) as client,
    ):
        assert client.dbsize() == 0
        client.set("new", 1)
    assert keys_in(data_dir) == 1
    kept = list(store.glob("damaged-*"))
    assert len(kept) == (GONE["the folder"] is not take)


def test_a_store_with_data_stays_what_it_is_when_empty_is_accepted(data_dir: Path) -> None:
    with EmbeddedStore(data_dir, accept_empty=True):
        pass
    assert keys_in(data_dir) == KEYS + 2


def test_a_store_that_nothing_was_written_to_may_begin_again(written: Path) -> None:
    """A start that was ended at once is no loss."""
    with tempfile.TemporaryDirectory(prefix="qhronos-") as name:
        for _ in range(2):
            with EmbeddedStore(Path(name)):
                assert (Path(name) / "store" / STAMP).exists()


def test_the_single_file_of_older_servers_is_known(data_dir: Path) -> None:
    store = data_dir / "store"
    last_file(data_dir).rename(store / append_only.SINGLE)
    shutil.rmtree(store / append_only.FOLDER)
    assert listed(store) == [store / append_only.SINGLE]
    assert find_damage(store) is None


def test_a_snapshot_is_not_looked_into(data_dir: Path) -> None:
    (base,) = (data_dir / "store" / "appendonlydir").glob("*.base.aof")
    base.write_bytes(b"REDIS0011 and so on")
    assert find_damage(data_dir / "store") is None


def test_without_room_for_a_copy_nothing_is_changed(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = last_file(data_dir)
    file.write_bytes(file.read_bytes() + b"\0")
    before = file.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    assert repair_store(environ(data_dir)) == ExitStatus.SETTINGS
    assert "No space left on device" in capsys.readouterr().err
    assert file.read_bytes() == before
    assert not list((data_dir / "store").glob("damaged-*"))
    found = find_damage(data_dir / "store")
    assert found
    with pytest.raises(OSError, match="No space left"):
        repair(data_dir / "store", found)


def test_a_full_disk_at_the_start_is_named(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(embedded, "replace_file", full)
        with pytest.raises(ConfigError, match=r"No space left on device.*QHRONOS_DATA_DIR"):
            EmbeddedStore(data_dir).open()
    monkeypatch.setattr(store_files, "LEAST_ROOM", 2**62)
    found = EmbeddedStore(data_dir).why_not()
    assert found is not None
    assert "No space left on device" in found.message


def test_a_store_that_runs_is_not_repaired(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_OWNER_WAIT_S", 0.0)
    with EmbeddedStore(data_dir):
        assert repair_store(environ(data_dir)) == ExitStatus.SETTINGS
    assert "Another Qhronos uses the data directory" in capsys.readouterr().err
