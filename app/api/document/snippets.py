"""An operation as a command for a shell and as a program in Python, made of its examples.

What an operation requires is in both, and a body if there can be one. Other parameters are left
out: an example's version or cursor would be refused.
"""

from __future__ import annotations

import json
from shlex import quote
from typing import Any, NamedTuple
from urllib.parse import quote as quoted_part
from urllib.parse import urlencode

from app.api.document.nodes import Node, parameters_of, succeeds

TOKENS = {"bearer": "QHRONOS_TOKEN", "delivery": "QHRONOS_ACK_TOKEN"}
"""The variable of the environment that holds the token, by security scheme."""

FILE = "calendar.ics"
"""Stands for a file of the reader's own."""

ONE_OF = {"list_occurrences": "tags"}
"""The query that an example has where a call requires one of several."""

_JSON = "application/json"
_STREAM = "text/event-stream"
_WIDTH = 60


class ExampleRequest(NamedTuple):
    """A request that an operation takes."""

    method: str
    url: str
    variable: str | None
    """Where the token is, if one is needed."""
    headers: dict[str, str]
    body: Any
    """A JSON value, ``FILE`` for a text that is no JSON, or ``None``."""
    answered: str | None
    """The media type of the answer; ``None`` if it has no body."""


def example_request(document: Node, path: str, method: str) -> ExampleRequest:
    """Return a request with all that an operation requires."""
    operation = document["paths"][path][method]
    filled, query, headers = path, [], {}
    for parameter in parameters_of(document, path, method):
        name, value = parameter["name"], str(parameter["example"])
        if not parameter.get("required") and ONE_OF.get(operation["operationId"]) != name:
            continue
        if parameter["in"] == "path":
            filled = filled.replace(f"{{{name}}}", quoted_part(value, safe=""))
        elif parameter["in"] == "query":
            query.append((name, value))
        else:
            headers[name] = value
    contents = operation.get("requestBody", {}).get("content", {})
    body = None
    if _JSON in contents:
        body = contents[_JSON]["example"]
    elif contents:
        headers["Content-Type"], body = next(iter(contents)), FILE
    schemes = operation.get("security", document["security"])
    return ExampleRequest(
        method=method.upper(),
        url=document["servers"][0]["url"] + filled + ("?" + urlencode(query) if query else ""),
        variable=TOKENS[next(iter(schemes[0]))] if schemes else None,
        headers=headers,
        body=body,
        answered=_answered(operation),
    )


def curl_of(request: ExampleRequest) -> str:
    """Return a ``curl`` command, in the quotes of POSIX shells."""
    flags = "--no-buffer " if request.answered == _STREAM else ""
    method = "" if request.method == "GET" else f"--request {request.method} "
    command, url = f"curl {flags}{method}", quote(request.url)
    lines = [command + url] if len(command + url) <= _WIDTH else [command.rstrip(), url]
    if request.variable:
        lines.append(f'--header "Authorization: Bearer ${request.variable}"')
    lines += [f"--header {quote(f'{name}: {value}')}" for name, value in request.headers.items()]
    if request.body == FILE:
        lines.append(f"--data-binary @{FILE}")
    elif request.body is not None:
        lines.append("--header 'Content-Type: application/json'")
        lines.append(f"--data {quote(json.dumps(request.body, indent=2, ensure_ascii=False))}")
    return " \\\n  ".join(lines)


def python_of(request: ExampleRequest) -> str:
    """Return a program that uses ``requests``."""
    streams = request.answered == _STREAM
    given = [literal(request.url)]
    headers = [f"{literal(name)}: {literal(value)}" for name, value in request.headers.items()]
    if request.variable:
        token = f"os.environ['{request.variable}']"
        headers.insert(0, f'"Authorization": f"Bearer {{{token}}}"')
    if headers:
        lines = "".join(f"        {one},\n" for one in headers)
        given.append(f"headers={{\n{lines}    }}")
    if request.body == FILE:
        given.append(f'data=pathlib.Path("{FILE}").read_bytes()')
    elif request.body is not None:
        given.append(f"json={literal(request.body, 1)}")
    given += ["stream=True", "timeout=(10, None)"] if streams else ["timeout=10"]
    lines = "".join(f"    {one},\n" for one in given)
    call = f"requests.{request.method.lower()}(\n{lines})"
    used = ["os"] * bool(request.variable) + ["pathlib"] * (request.body == FILE)
    imports = "".join(f"import {name}\n" for name in used) + "\n" * bool(used)
    if streams:
        reading = "    for line in answer.iter_lines(decode_unicode=True):\n        print(line)"
        return f"{imports}import requests\n\nwith {call} as answer:\n{reading}"
    shown = {None: "status_code", _JSON: "json()"}.get(request.answered, "text")
    return (
        f"{imports}import requests\n\nanswer = {call}\n"
        f"answer.raise_for_status()\nprint(answer.{shown})"
    )


def literal(value: Any, depth: int = 0) -> str:
    """Return a JSON value as Python writes it, over several lines if it is long."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        begin, end = "{", "}"
        parts = [f"{literal(name)}: {literal(one, depth + 1)}" for name, one in value.items()]
    elif isinstance(value, list):
        begin, end = "[", "]"
        parts = [literal(one, depth + 1) for one in value]
    else:
        return repr(value)
    line = f"{begin}{', '.join(parts)}{end}"
    if "\n" not in line and len(line) <= _WIDTH:
        return line
    inner = "\n" + "    " * (depth + 1)
    lines = "".join(f"{inner}{part}," for part in parts)
    return f"{begin}{lines}\n{'    ' * depth}{end}"


def _answered(operation: Node) -> str | None:
    for status, response in operation["responses"].items():
        if succeeds(status):
            return next(iter(response.get("content", {})), None)
    return None
