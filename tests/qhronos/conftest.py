"""The whole application on a real store, and clients that call it without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
import redis
from flask import Flask

from qhronos import Client, Retries
from tests.docs.conftest import SECRETS, application, listening

URL = "http://qhronos.test"
TOKEN = SECRETS["MASTER_TOKEN"]
AT_ONCE = Retries(first_s=0, max_s=0)


@pytest.fixture(scope="module")
def app(store_server: str) -> Iterator[Flask]:
    """An application for the tests of a module: each has tags of its own."""
    with redis.Redis.from_url(store_server) as store:
        store.flushall()
    with application(store_server) as made:
        yield made


@pytest.fixture(scope="module")
def port(app: Flask) -> Iterator[int]:
    """The port on which the application listens."""
    with listening(app) as number:
        yield number


@pytest.fixture
def tag(request: pytest.FixtureRequest) -> str:
    """A tag that no other test has."""
    return str(request.node.name)[:64]


@pytest.fixture
def client(app: Flask) -> Iterator[Client]:
    """A client of a real application, with the master token."""
    with Client(URL, TOKEN, transport=httpx.WSGITransport(app=app), retries=AT_ONCE) as one:
        yield one


Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def answered_by() -> Iterator[Callable[..., Client]]:
    """Makes clients whose requests a function answers."""
    made: list[Client] = []

    def make(handler: Handler, retries: Retries = AT_ONCE) -> Client:
        made.append(Client(URL, TOKEN, transport=httpx.MockTransport(handler), retries=retries))
        return made[-1]

    yield make
    for one in made:
        one.close()
