"""``qhronos doctor``: what is wrong with an instance, and what to do."""

from __future__ import annotations

import click

from qhronos.cli import output
from qhronos.cli.diagnosis import Finding, findings
from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.session import Session, json_option


@click.command()
@json_option
@click.pass_obj
def doctor(session: Session, as_json: bool) -> int:
    """Check an instance, and say what to do.

    The exit code is 1 if something is wrong.
    """
    login = session.login
    found = [Finding("login", "ok", login.source), *findings(session.client)]
    if as_json:
        output.as_json([one.as_dict() for one in found])
    else:
        columns: output.Columns = {
            "CHECK": lambda one: one.check,
            "": lambda one: one.verdict,
            "FOUND": lambda one: one.found,
            "WHAT TO DO": lambda one: one.advice,
        }
        output.table(columns, found)
    return ExitCode.NO if any(one.verdict == "wrong" for one in found) else ExitCode.DONE
