"""Work that takes its time: how far it has come, and how to go on after Ctrl-C.

A bar is on standard error, and only where that is a terminal: what programs read stays as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from qhronos.cli.output import tell

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

T = TypeVar("T")


class Bar:
    """How far work has come; use it as a context manager. Where is no terminal, it does nothing."""

    def __init__(self, label: str, total: float | None = None, *, percent: bool = False) -> None:
        """``total`` is how much there is to do; ``None`` if nobody knows.

        ``percent`` is for what nobody counts in numbers, such as bytes.
        """
        self._label, self._total, self._percent = label, total, percent
        self._shown: tuple[Progress, TaskID] | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            progress = _progress(self._percent)
            self._shown = progress, progress.add_task(self._label, total=self._total)
            try:
                progress.start()
            except BaseException:  # Ctrl-C may come at any moment
                progress.stop()
                raise
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


def _progress(percent: bool) -> Progress:
    """Make a bar that leaves nothing behind. Standard output is not touched: it may be a file."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn() if percent else MofNCompleteColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=Console(stderr=True, highlight=False, markup=False),
        transient=True,
        redirect_stdout=False,
    )


def counted(items: Iterable[T], bar: Bar) -> Iterator[T]:
    """Go through items, and show how many they were."""
    for number, item in enumerate(items, 1):
        yield item
        bar.show(number)


@contextmanager
def if_stopped(how: Callable[[], str]) -> Iterator[None]:
    """Say how to go on if the user stops what is done here with Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        tell(how())
        raise
