"""Runs the commands of an image as an engine would, without one.

The image's files are mounted read-only, with a ``/tmp`` in memory. A command is process 1, runs as
the image's own user, without capabilities, and with the environment and the directory that the
image names. It has the network of this machine. There is no limit of memory or processor, and no
filter of system calls: those are the engine's.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.processes import Program, children


class Process(Program):
    """A command of the image; signals go to the command itself, not to what has started it."""

    def signal(self, number: signal.Signals) -> None:
        (inner,) = children(self.pid)
        os.kill(inner, number)


class Container:
    """What an image says of itself, done."""

    def __init__(self, root: Path, config: dict[str, Any], place: Path) -> None:
        """``root`` has the image's files; logs of commands go to ``place``."""
        self.root = root
        self._config, self._place = config, place
        self.user: str = config["User"]
        self.command: list[str] = config["Cmd"]
        self.environ: list[str] = config["Env"]
        self.stop = signal.Signals[config.get("StopSignal") or "SIGTERM"]

    @property
    def probe(self) -> list[str]:
        """The command of the health check."""
        kind, *words = self._config["Healthcheck"]["Test"]
        # Some versions of buildah write a list as a text for a shell.
        if kind == "CMD-SHELL" and words[0].startswith("["):
            parsed: list[str] = json.loads(words[0])
            return parsed
        return words if kind == "CMD" else ["sh", "-c", *words]

    def run(self, *command: str, **settings: str) -> tuple[int, str]:
        """Run a command to its end: its status, and what it says."""
        ended = subprocess.run(
            self._argv(command, settings), capture_output=True, text=True, check=False
        )
        return ended.returncode, ended.stdout + ended.stderr

    def start(self, name: str, *command: str, **settings: str) -> Process:
        """Start a command; its output is kept in a file of this name."""
        process = Process(name, self._argv(command, settings), os.environ, cwd=self._place)
        process.start()
        return process

    def _argv(self, command: Sequence[str], settings: dict[str, str]) -> list[str]:
        """``exec`` all the way, so that process 1 becomes the command itself."""
        environ = [*self.environ, *(f"{key}={value}" for key, value in settings.items())]
        root = shlex.quote(str(self.root))
        inside = [
            *("chroot", str(self.root)),
            *("setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"),
            *("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"),
            *("env", "-i", f"--chdir={self._config['WorkingDir']}", *environ, *command),
        ]
        mounts = (
            f"mount --bind {root} {root}",
            f"mount -o remount,bind,ro {root}",
            f"mount -t tmpfs tmpfs {root}/tmp",  # noqa: S108 - a file system of its own
            f"mount --rbind /dev {root}/dev",
            f"mount -t proc proc {root}/proc",
            f"exec {shlex.join(inside)}",
        )
        apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        return [*apart, "sh", "-c", " && ".join(mounts)]
