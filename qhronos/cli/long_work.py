"""Work that takes its time: how far it has come, and how to go on after Ctrl-C.

A bar is on standard error, and only where that is a terminal: what programs read stays as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from qhronos.cli.output import tell

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bar:
    """How far work has come; use it as a context manager. Where is no terminal, it does nothing."""

    def __init__(self, label: str, total: float | None = None) -> None:
        """``total`` is how much there is to do; ``None`` if nobody knows."""
        self._label, self._total = label, total
        self._shown: tuple[Progress, TaskID] | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._shown = _progress(self._label, self._total)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown is not None:
            self._shown[0].stop()

    def show(self, done: float, total: float | None = None, label: str | None = None) -> None:
        """Show that so much is done; also another ``total``, or another ``label``."""
        if self._shown is not None:
            progress, task = self._shown
            progress.update(task, completed=done, total=total, description=label)


def _progress(label: str, total: float | None) -> tuple[Progress, TaskID]:
    """Start a bar that leaves nothing behind. Standard output is not touched: it may be a file."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Left(compact=True, elapsed_when_finished=True),
        console=Console(stderr=True, highlight=False, markup=False),
        transient=True,
        redirect_stdout=False,
    )
    task = progress.add_task(label, total=total)
    progress.start()
    return progress, task


@contextmanager
def if_stopped(how: Callable[[], str]) -> Iterator[None]:
    """Say how to go on if the user stops what is done here with Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        tell(how())
        raise
