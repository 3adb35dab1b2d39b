"""The start and the end of every command: no traceback, one sentence, a code for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from qhronos.cli.exit_codes import ExitCode

NOT_INSTALLED = (
    "The command line needs {name}, which is not installed: pip install 'qhronos[client]'."
)


def run() -> None:
    """Run the command line of this process; the console script."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command; answer the exit code (see ``ExitCode``)."""
    try:
        import click
    except ModuleNotFoundError as error:
        return _end(NOT_INSTALLED.format(name=error.name), ExitCode.USAGE)
    from qhronos.cli.root import root

    try:
        answer = root.main(list(arguments), prog_name="qhronos", standalone_mode=False)
    except click.Abort:
        return _end("Stopped.", ExitCode.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        # Whoever reads has had enough, as in '| head'. Python would complain once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    return answer if isinstance(answer, int) else ExitCode.DONE


def _end(sentence: str, code: ExitCode) -> ExitCode:
    sys.stderr.write(f"{sentence}\n")
    return code
