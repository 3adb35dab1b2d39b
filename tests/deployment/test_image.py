"""What the Dockerfile copies is there and is sent; ``make image`` builds and runs it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import zstandard

from tests.docs.pages import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
USE = """
import zstandard
packed = zstandard.ZstdCompressor().compress(b"what came")
print(zstandard.__file__, zstandard.ZstdDecompressor().decompress(packed).decode())
"""
COPIED = {
    name
    for line in DOCKERFILE.splitlines()
    if line.startswith("COPY ") and "--from" not in line
    for name in line.split()[1:-1]
}


def test_what_is_copied_exists_and_is_sent_to_the_builder() -> None:
    """``.dockerignore`` leaves out everything but what it names."""
    sent = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    for name in COPIED:
        assert (ROOT / name).exists(), name
        assert any(name == one or name.startswith(f"{one}/") for one in sent), name


def test_every_file_that_the_package_is_made_of_is_copied() -> None:
    """Without one of them the wheel can't be built."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    hatch = project["tool"]["hatch"]
    extras = hatch["metadata"]["hooks"]["requirements_txt"]["optional-dependencies"]
    needed = {name for names in extras.values() for name in names}
    needed |= set(hatch["build"]["targets"]["wheel"]["force-include"])
    needed |= {"pyproject.toml", "README.md", "LICENSE"}
    assert needed <= COPIED


def test_an_image_has_a_user_of_its_own_and_no_installer() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d+$", last, re.MULTILINE)
    assert "pip install" not in last
    assert "pip uninstall" in DOCKERFILE


def cut(directory: Path) -> int:
    """Do to what is there what the image's build does; answers the bytes saved."""
    words = [sys.executable, str(ROOT / "deploy/image/symbols.py"), str(directory)]
    return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def test_a_library_without_what_debuggers_read_is_smaller_and_does_what_it_did(
    tmp_path: Path,
) -> None:
    """With one of zstandard's two libraries: the image leaves out the other."""
    copy = tmp_path / "zstandard"
    without = shutil.ignore_patterns("*_cffi.*", "__pycache__")
    shutil.copytree(Path(zstandard.__file__).parent, copy, ignore=without)
    (library,) = copy.glob("*.so")
    (tmp_path / "script.so").write_text("no library, however it is called\n")
    before = library.stat().st_size
    saved = cut(tmp_path)
    assert saved > 0
    assert library.stat().st_size == before - saved
    words = [sys.executable, "-c", USE]
    said = subprocess.run(
        words, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True
    ).stdout
    assert said == f"{copy / '__init__.py'} what came\n"
    assert cut(tmp_path) == 0, "nothing is left to save"
    assert (tmp_path / "script.so").read_text() == "no library, however it is called\n"
