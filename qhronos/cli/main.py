"""The start and the end of every command: no traceback, one sentence, a code for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from qhronos.cli.exit_codes import ExitCode
from qhronos.errors import (
    ApiError,
    Forbidden,
    NotConfigured,
    NotFound,
    QhronosError,
    RateLimited,
    Unauthenticated,
    Unavailable,
    Unreachable,
)

NOT_INSTALLED = "This command needs {name}, which is not installed: pip install 'qhronos[client]'."
OURS = ("click", "httpx", "rich", "websockets")
"""What may be missing where the package is installed without an extra."""

CODES: tuple[tuple[type[QhronosError], ExitCode], ...] = (
    (NotConfigured, ExitCode.ACCESS),
    (Unauthenticated, ExitCode.ACCESS),
    (Forbidden, ExitCode.ACCESS),
    (NotFound, ExitCode.NOT_FOUND),
    (Unreachable, ExitCode.AWAY),
    (Unavailable, ExitCode.AWAY),
    (RateLimited, ExitCode.AWAY),
)
"""By error; any other is a refusal."""


def run() -> None:
    """Run the command line of this process; the console script."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command; answer the exit code (see ``ExitCode``)."""
    try:
        return _main(arguments)
    except ModuleNotFoundError as error:
        if error.name not in OURS:
            raise
        return _end(NOT_INSTALLED.format(name=error.name), ExitCode.USAGE)
    except QhronosError as error:
        code = next((one for kind, one in CODES if isinstance(error, kind)), ExitCode.REFUSED)
        return _end(_sentences(error), code)
    except BrokenPipeError:
        # Whoever reads has had enough, as in '| head'. Python would complain once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE


def _main(arguments: Sequence[str]) -> int:
    import click

    from qhronos.cli.root import root

    try:
        answer = root.main(list(arguments), prog_name="qhronos", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        return _end("Stopped.", ExitCode.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return answer if isinstance(answer, int) else ExitCode.DONE


def _sentences(error: QhronosError) -> str:
    """The error's sentence, and below it what else is wrong with which field."""
    fields = error.fields if isinstance(error, ApiError) else {}
    found = [f"{name}: {' '.join(map(str, wrong))}" for name, wrong in fields.items()]
    more = [f"  {line}" for line in found if line not in str(error)]
    text = "\n".join([str(error), *more])
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)


def _end(sentence: str, code: ExitCode) -> ExitCode:
    sys.stderr.write(f"{sentence}\n")
    return code
