"""A request as a command of a shell: nothing in it is run, whatever it is called."""

from __future__ import annotations

import subprocess

from app.console.curl import curl_of
from app.services.request_copies import RequestCopy


def test_a_shell_gives_curl_exactly_the_request():
    hostile = "a'b$(touch x)`y`\"\\"
    copy = RequestCopy(
        method="PUT",
        url="https://example.com/?q='$(z)",
        headers=("Content-Type: application/json", f"X-A: {hostile}"),
        body='{"text":"it\'s $HOME é"}'.encode(),
        hidden=("X-Api`id`-Key", "1st"),
        is_signed=True,
        made_ms=0,
    )
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}\n{curl_of(copy)}"
    ran = subprocess.run(
        ["sh", "-c", script],
        env={"X_API_ID__KEY": "s e", "H_1ST": "two"},
        capture_output=True,
        check=True,
    )
    assert ran.stdout.decode().split("\0")[:-1] == [
        "--include",
        "--request",
        "PUT",
        copy.url,
        "--header",
        "Content-Type: application/json",
        "--header",
        f"X-A: {hostile}",
        "--header",
        "X-Api`id`-Key: s e",
        "--header",
        "1st: two",
        "--data-binary",
        copy.body.decode(),
    ]
