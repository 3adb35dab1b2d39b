"""What is sent again and what is not, so that nothing is done twice and nothing is given up early.

qhronos/client/sending.py, retries.py, calls.py and configuration.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import httpx
import pytest

import qhronos
from qhronos import AsyncClient, Client, Retries
from qhronos.client import sending
from tests.qhronos.conftest import AT_ONCE, TOKEN, URL

EVENT = {"id": "e", "name": "n", "status": "active"}
MakeClient = Callable[..., Client]


class Script:
    """Answers one request after the other, and remembers them."""

    def __init__(self, *outcomes: httpx.Response | Exception) -> None:
        self._outcomes = iter(outcomes)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        outcome = next(self._outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def refusal(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": "Not now."}, headers=headers)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    waited: list[float] = []
    monkeypatch.setattr(sending.time, "sleep", waited.append)
    return waited


def test_a_post_is_sent_again_with_the_same_key(answered_by: MakeClient) -> None:
    """Its answer may be lost, the process of the service may end: it is done once."""
    script = Script(
        httpx.ReadTimeout("slow"),
        refusal(409),  # the first one is under way
        httpx.RemoteProtocolError("cut off"),
        refusal(503),
        httpx.Response(201, json=EVENT),
    )
    assert answered_by(script).events.create(name="n").id == "e"
    keys = {request.headers["Idempotency-Key"] for request in script.requests}
    assert len(script.requests) == 5
    assert len(keys) == 1
    other = Script(httpx.Response(201, json=EVENT), httpx.Response(201, json=EVENT))
    client = answered_by(other)
    client.events.create(name="n")
    client.events.create(name="n", idempotency_key="mine")
    assert [one.headers["Idempotency-Key"] for one in other.requests][1] == "mine"
    assert other.requests[0].headers["Idempotency-Key"] not in keys


def test_a_conflict_that_is_answered_at_once_is_one(answered_by: MakeClient) -> None:
    with pytest.raises(qhronos.Conflict, match="Not now"):
        answered_by(Script(refusal(409))).events.create(name="n")


def test_what_would_not_be_the_same_again_is_not_sent_again(answered_by: MakeClient) -> None:
    """A change of a version, once done, has made another version; an ack is given once."""
    script = Script(httpx.ReadTimeout("slow"))
    with pytest.raises(qhronos.Unreachable, match="slow"):
        answered_by(script).events.update("e", name="n", if_match='"1"')
    with pytest.raises(qhronos.Unavailable):
        answered_by(Script(refusal(503))).occurrences.acknowledge("w", "t")
    with pytest.raises(qhronos.Unreachable, match="slow"):
        answered_by(Script(httpx.ReadTimeout("slow"))).signing_secrets.put("tag")
    # Who was not connected, or was told to come later, has done nothing.
    script = Script(httpx.ConnectError("no"), refusal(429), httpx.Response(200, json=EVENT))
    answered_by(script).events.update("e", name="n", if_match='"1"')
    assert len(script.requests) == 3


def test_a_deletion_that_was_done_the_first_time_is_done(answered_by: MakeClient) -> None:
    answered_by(Script(httpx.ReadTimeout("slow"), refusal(404))).events.delete("e")
    with pytest.raises(qhronos.NotFound):
        answered_by(Script(refusal(404))).events.delete("e")


def test_it_waits_as_long_as_it_is_asked_to(answered_by: MakeClient, pauses: list[float]) -> None:
    script = Script(refusal(429, **{"Retry-After": "7"}), httpx.Response(200, json=EVENT))
    answered_by(script).events.get("e")
    assert pauses == [7]
    with pytest.raises(qhronos.RateLimited) as refused:
        answered_by(Script(refusal(429, **{"Retry-After": "3600"}))).events.get("e")
    assert refused.value.retry_after_s == 3600
    assert pauses == [7]


def test_pauses_grow_and_attempts_end(answered_by: MakeClient, pauses: list[float]) -> None:
    script = Script(*[refusal(503)] * 4)
    with pytest.raises(qhronos.Unavailable):
        answered_by(script, Retries(attempts=4, first_s=1, max_s=3)).events.get("e")
    assert [0.5 <= pauses[0] <= 1, 1 <= pauses[1] <= 2, 1.5 <= pauses[2] <= 3] == [True] * 3
    assert len(pauses) == 3
    with pytest.raises(qhronos.Unreachable):
        answered_by(Script(httpx.ConnectError("no")), Retries(attempts=1)).events.get("e")


def test_by_default_it_outlasts_a_restart_of_the_service(
    answered_by: MakeClient, pauses: list[float]
) -> None:
    with pytest.raises(qhronos.Unreachable):
        answered_by(Script(*[httpx.ConnectError("no")] * 8), Retries()).events.get("e")
    assert 11 <= sum(pauses) <= 23


def test_an_answer_that_is_no_json_names_the_host(answered_by: MakeClient) -> None:
    """As of a proxy, or of another service at that address."""
    page = "<html>"
    for status, kind in ((200, qhronos.Unavailable), (404, qhronos.NotFound)):
        script = Script(httpx.Response(status, text=page))
        with pytest.raises(kind, match=r"qhronos\.test answered .*is this the address"):
            answered_by(script).events.get("e")


def test_the_token_goes_to_the_address_that_was_given_and_to_no_other(
    answered_by: MakeClient,
) -> None:
    """A link of a list says which page is next, not where; a redirection is not followed."""
    link = '<https://elsewhere.test/events?limit=1&cursor=c%2B1>; rel="next"'
    script = Script(
        httpx.Response(200, json=[EVENT], headers={"Link": link}), httpx.Response(200, json=[])
    )
    assert len(list(answered_by(script).events.list(limit=1))) == 1
    assert {one.url.host for one in script.requests} == {"qhronos.test"}
    assert dict(script.requests[1].url.params) == {"limit": "1", "cursor": "c+1"}
    moved = httpx.Response(308, headers={"Location": "https://elsewhere.test/"})
    with pytest.raises(qhronos.ApiError):
        answered_by(Script(moved)).events.get("e")


def test_circuit_breakers_are_read_to_the_last_page(answered_by: MakeClient) -> None:
    link = '</breakers?cursor=c>; rel="next"'
    one, other = ({"target": name, "open_until": "2027-01-01T00:00:00Z"} for name in "ab")
    script = Script(
        httpx.Response(200, json=[one], headers={"Link": link}), httpx.Response(200, json=[other])
    )
    assert [found.target for found in answered_by(script).breakers()] == ["a", "b"]


def test_ids_and_keys_stay_one_part_of_a_path(answered_by: MakeClient) -> None:
    script = Script(httpx.Response(200, json=EVENT))
    answered_by(script).events.get_by_key("../a b?c")
    assert script.requests[0].url.raw_path == b"/events/by-key/..%2Fa%20b%3Fc"


@pytest.mark.parametrize("event_id", ["", ".", ".."])
def test_what_cant_be_an_id_is_not_asked_for(event_id: str, answered_by: MakeClient) -> None:
    """It would be another path: that of all events."""
    with pytest.raises(qhronos.NotFound):
        answered_by(Script()).events.delete(event_id)


@pytest.mark.parametrize(
    ("url", "token", "sentence"),
    [
        ("", "t", "Say where Qhronos is"),
        (URL, "", "Say who you are"),
        ("qhronos.test", "t", "has to be like"),
        ("ftp://qhronos.test", "t", "has to be like"),
        ("https://user:word@qhronos.test", "t", "has to be like"),
        ("https://[::1", "t", "has to be like"),
        (URL, "two\nlines", "no token has"),
        (URL, "t\u00e9", "no token has"),
    ],
)
def test_what_cant_be_an_address_or_a_token_is_refused(
    url: str, token: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("QHRONOS_URL", "QHRONOS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(qhronos.NotConfigured, match=sentence):
        Client(url, token)


def test_the_environment_says_where_and_who(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QHRONOS_URL", "https://q.test/below/")
    monkeypatch.setenv("QHRONOS_TOKEN", "secret-token")
    script = Script(httpx.Response(200, json=EVENT))
    with Client(transport=httpx.MockTransport(script)) as client:
        client.events.get("e")
        assert "secret-token" not in repr(client)
    assert str(script.requests[0].url) == "https://q.test/below/events/e"
    assert script.requests[0].headers["Authorization"] == "Bearer secret-token"


def test_the_asynchronous_client_does_the_same() -> None:
    link = '<http://x/events?cursor=2>; rel="next"'
    script = Script(
        httpx.ReadTimeout("slow"),
        httpx.Response(201, json=EVENT),
        httpx.Response(200, json=[EVENT], headers={"Link": link}),
        httpx.Response(200, json=[EVENT]),
        httpx.Response(
            200, text='id: 1-0\nevent: ready\ndata: {}\n\nid: 2-0\ndata: {"a":\ndata: 1}\n\n'
        ),
        httpx.Response(201, json={"results": [{"index": 0, "status": 201, "id": "i"}]}),
        refusal(404),
    )

    async def run() -> None:
        transport = httpx.MockTransport(script)
        async with AsyncClient(URL, TOKEN, transport=transport, retries=AT_ONCE) as client:
            assert (await client.events.create(name="n")).id == "e"
            assert [one.id async for one in client.events.list()] == ["e", "e"]
            changes = [(one.id, one.kind, one.raw) async for one in client.changes(tags=["a"])]
            assert changes == [("1-0", "ready", {}), ("2-0", "message", {"a": 1})]
            assert [one.id async for one in client.events.create_many([{"name": "n"}])] == ["i"]
            with pytest.raises(qhronos.NotFound):
                await client.events.get("e")

    asyncio.run(run())
    assert script.requests[0].headers["Idempotency-Key"]


def test_a_stream_that_is_refused_or_cut_off_says_so(answered_by: MakeClient) -> None:
    client = answered_by(Script(refusal(401), httpx.ReadTimeout("quiet"), refusal(403)))
    with pytest.raises(qhronos.Unauthenticated):
        list(client.changes())
    with pytest.raises(qhronos.Unreachable, match="quiet"):
        list(client.changes(last_id="1-0"))
    with pytest.raises(qhronos.Forbidden):
        list(client.audit_lines())


def test_a_great_batch_is_sent_in_parts_with_keys_of_their_own(answered_by: MakeClient) -> None:
    """Each part can be sent again by itself, and the numbers go through."""
    sizes: list[int] = []
    keys: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sizes.append(len(request.content))
        keys.append(request.headers["Idempotency-Key"])
        count = request.content.count(b'"name"')
        results = [{"index": number, "status": 201, "id": "i"} for number in range(count)]
        return httpx.Response(201, json={"results": results})

    events = [{"name": "n", "description": "x" * (4000 if n < 1000 else 0)} for n in range(1500)]
    created = list(answered_by(handler).events.create_many(events, idempotency_key="k"))
    assert [one.index for one in created] == list(range(1500))
    assert max(sizes) < 4 * 1024 * 1024
    assert keys[0] == "k-0"
    assert len(keys) == len(set(keys)) == 2
    with pytest.raises(qhronos.Invalid, match="An atomic batch has at most"):
        list(answered_by(handler).events.create_many(events, atomic=True))
