"""The start and the end of every command: no traceback, one sentence, a code for programs."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.failures import NotOver, NotText
from qhronos.errors import (
    Forbidden,
    NotConfigured,
    NotFound,
    QhronosError,
    RateLimited,
    Unauthenticated,
    Unavailable,
    Unreachable,
)

if TYPE_CHECKING:
    from click import UsageError

NOT_INSTALLED = "This command needs {name}, which is not installed: pip install 'qhronos[{extra}]'."
OURS = ("click", "httpx", "rich", "websockets", "yaml")
"""What may be missing where the package is installed without an extra; 'mcp' has its own."""

OF_SERVER = ("up", "inspect")
"""Commands that need the server on this machine, with all that its extra brings."""

CODES: tuple[tuple[type[QhronosError], ExitCode], ...] = (
    (NotText, ExitCode.USAGE),
    (NotOver, ExitCode.AWAY),
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
    _print_anything()
    try:
        return _main([_in_utf8(one) for one in arguments])
    except ModuleNotFoundError as error:
        if error.name not in (*OURS, "mcp"):
            raise
        extra = "mcp" if error.name == "mcp" else "client"
        if arguments[:1] and arguments[0] in OF_SERVER:
            extra = "server"
        return _end(NOT_INSTALLED.format(name=error.name, extra=extra), ExitCode.USAGE)
    except QhronosError as error:
        code = next((one for kind, one in CODES if isinstance(error, kind)), ExitCode.REFUSED)
        return _end(_printed(error), code)
    except KeyboardInterrupt:
        # While the command was still being imported: click makes it an Abort from then on.
        return _end("Stopped.", ExitCode.INTERRUPTED)
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
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return ExitCode.USAGE
    except click.UsageError as error:
        is_ours = type(error) is click.UsageError
        return _end(error.format_message() if is_ours else _usage(error), ExitCode.USAGE)
    except click.ClickException as error:
        return _end(error.format_message(), ExitCode(error.exit_code))
    return answer if isinstance(answer, int) else ExitCode.DONE


def _print_anything() -> None:
    """Have what the terminal's encoding lacks be written out, as in ``LC_ALL=C``, not end us."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _in_utf8(argument: str) -> str:
    """Read an argument as UTF-8, whatever the locale says; raises ``QhronosError`` if it is not."""
    if argument.isascii():
        return argument
    try:
        return os.fsencode(argument).decode()
    except UnicodeError:
        raise NotText(f"{argument!a} is not in UTF-8: write it so.") from None


def _usage(error: UsageError) -> str:
    """What is wrong with the words of a command, and where to read which there are."""
    hint = f"\nSee '{error.ctx.command_path} --help'." if error.ctx else ""
    return f"{error.format_message()}{hint}"


def _printed(error: QhronosError) -> str:
    """The error's sentence, and below it what else is wrong with which field."""
    from qhronos.cli.naming import sentences

    text = "\n  ".join(sentences(error))
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)


def _end(sentence: str, code: ExitCode) -> ExitCode:
    sys.stderr.write(f"{sentence}\n")
    return code
