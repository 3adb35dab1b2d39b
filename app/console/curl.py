"""A request as a line for a shell."""

from __future__ import annotations

import re
from shlex import quote

from app.services.request_copies import RequestCopy


def curl_of(copy: RequestCopy) -> str:
    """Return a ``curl`` command that sends a request, in the quotes of POSIX shells.

    What is hidden is taken from variables of the shell: ``$X_API_KEY`` for ``X-Api-Key``.
    """
    method = "--head" if copy.method == "HEAD" else f"--request {quote(copy.method)}"
    lines = [f"curl --include {method} {quote(copy.url)}"]
    lines += [f"--header {quote(header)}" for header in copy.headers]
    lines += [f'--header {quote(f"{name}: ")}"${_variable(name)}"' for name in copy.hidden]
    if copy.body:
        lines.append(f"--data-binary {quote(copy.body.decode())}")
    return " \\\n  ".join(lines)


def _variable(header: str) -> str:
    return "H_" * header[:1].isdigit() + re.sub(r"\W", "_", header, flags=re.ASCII).upper()
