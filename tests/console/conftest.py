# ruff: noqa: F811 - fixtures are asked for by their names
"""The console as a browser without scripts sees it, on the real services and a real store."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.application import MASTER_TOKEN, token_of
from tests.api.conftest import (  # noqa: F401 - the fixtures of the application
    an_event,
    anonymous,
    app,
    app_with,
    attempt,
    client,
    client_with,
    services,
    shared_app,
    start_services,
)


class Browser:
    """Follows links and sends forms; keeps the cookie and the value that forms send along."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.form_token = ""

    def get(self, path: str) -> TestResponse:
        return self._read(self.client.get(path))

    def post(self, path: str, **fields: Any) -> TestResponse:
        return self._read(self.client.post(path, data={"form_token": self.form_token, **fields}))

    def _read(self, answer: TestResponse) -> TestResponse:
        found = re.search(r'name="form_token" value="([^"]+)"', answer.text)
        if found:
            self.form_token = found[1]
        return answer


class Page(HTMLParser):
    """What matters of a page: its links, its texts, and what a strict policy would refuse."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.refused: list[str] = []
        self.texts: list[str] = []
        self._in: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._in.append(tag)
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag == "script" and "src" not in given:
            self.refused.append("a script in the page")
        self.refused += [name for name in given if name.startswith("on") or name == "style"]

    def handle_endtag(self, tag: str) -> None:
        while self._in and self._in.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture
def sign_in(app: Flask) -> Callable[[str], Browser]:
    """Signs in with a token."""

    def signed_in(token: str) -> Browser:
        browser = Browser(app.test_client())
        answer = browser.client.post("/console/sign-in", data={"token": token})
        assert answer.status_code == 303, answer.text
        browser.get("/console/")
        return browser

    return signed_in


@pytest.fixture
def browser(sign_in: Callable[[str], Browser]) -> Browser:
    """Signed in with the master token."""
    return sign_in(MASTER_TOKEN)


@pytest.fixture
def browser_with(client: FlaskClient, sign_in: Callable[[str], Browser]) -> Callable[..., Browser]:
    """Signs in with a JWT of the given access and scope."""

    def make(access: str, *scope: str) -> Browser:
        return sign_in(token_of(client, access, *scope))

    return make
