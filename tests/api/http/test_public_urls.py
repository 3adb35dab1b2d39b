"""What ``Link``, ``Location`` and redirects lead to, whatever a request says of its host."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urljoin

import pytest

from tests.api.application import MASTER_TOKEN, with_token

PUBLIC = "https://qhronos.example/below"
EVENT = {"name": "a", "start_time": "2030-01-01T00:00:00Z", "webhook": "https://example.com/"}
PROXY = "10.0.0.7"
HOSTILE = (
    *({"X-Forwarded-Host": "evil.example"}, {"X-Forwarded-Proto": "javascript"}),
    *({"Forwarded": "host=evil.example;proto=ftp"}, {"X-Forwarded-Prefix": "/evil.example"}),
    *({"X-Original-URL": "//evil.example/"}, {"X-Host": "evil.example"}),
    *({"X-Forwarded-Port": "666"}, {"X-Forwarded-Server": "evil.example"}),
    *({"X-Script-Name": "//evil.example"}, {"X-Forwarded-Scheme": "evil"}),
)


def urls_of(client, **options):
    """Every URL that this service makes, by the call."""
    for number in range(2):
        made = client.post("/events", json={**EVENT, "name": f"{number}"}, **options)
    link = client.get("/events?limit=1", **options)
    job = client.post("/occurrences/retry", json={"filter": {"status": "failed"}}, **options)
    calendar = client.put("/calendars/a", json={"dates": ["2031-12-24"]}, **options)
    client.delete("/calendars/a")
    return {
        "event": made.headers["Location"].rpartition("/")[0],
        "retry": job.headers["Location"].rpartition("/")[0],
        "calendar": calendar.headers["Location"].rpartition("/")[0],
        "link": link.headers["Link"].partition("?")[0].strip("<"),
    }


def below(base):
    return {
        "event": f"{base}/events",
        "retry": f"{base}/retries",
        "calendar": f"{base}/calendars",
        "link": f"{base}/events",
    }


def test_they_are_absolute_below_what_the_request_came_to(client):
    """A client that follows them needs to know nothing else."""
    assert urls_of(client) == below("http://localhost")
    assert urls_of(client, headers={"Host": "q.example:8080"}) == below("http://q.example:8080")
    assert urls_of(client, headers={"Host": "[::1]:8080"}) == below("http://[::1]:8080")


def test_they_lead_on(client):
    """What a Location and a Link name is there."""
    for number in range(3):
        made = client.post("/events", json={**EVENT, "name": f"{number}"})
        assert client.get(made.headers["Location"]).json == made.json
    path, seen = "/events?limit=1", []
    while path:
        answer = client.get(path)
        seen += [one["name"] for one in answer.json]
        path = answer.headers.get("Link", "").partition(";")[0].strip("<>")
    assert seen == ["2", "1", "0"]


def test_a_public_url_stands_above_all_that_a_request_says(app_with):
    app = app_with(public_url=PUBLIC, trusted_proxies=(ipaddress.ip_network("127.0.0.1/32"),))
    client = with_token(app, MASTER_TOKEN)
    for headers in ({}, {"Host": "evil.example"}, *HOSTILE):
        assert urls_of(client, headers=headers) == below(PUBLIC)
    assert client.get("/openapi.json").json["servers"] == [{"url": PUBLIC}]
    assert f'"{PUBLIC[len("https://qhronos.example") :]}/rq/' in client.get("/rq/").text


@pytest.mark.parametrize("headers", HOSTILE)
def test_nobody_but_a_known_proxy_says_where_a_request_came_to(client, app_with, headers):
    assert urls_of(client, headers=headers) == below("http://localhost")
    app = app_with(trusted_proxies=(ipaddress.ip_network(PROXY),))
    stranger = with_token(app, MASTER_TOKEN)
    assert urls_of(stranger, headers=headers) == below("http://localhost")


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({}, "http://localhost"),
        ({"X-Forwarded-Proto": "https"}, "https://localhost"),
        ({"X-Forwarded-Proto": "HTTPS"}, "https://localhost"),
        ({"X-Forwarded-Proto": "javascript"}, "http://localhost"),
        ({"X-Forwarded-Proto": "javascript, https"}, "https://localhost"),
        ({"X-Forwarded-Host": "q.example"}, "http://q.example"),
        ({"X-Forwarded-Host": "evil.example, q.example:8443"}, "http://q.example:8443"),
        ({"X-Forwarded-Host": "q.example/evil"}, "http://localhost"),
        ({"X-Forwarded-Host": "user@q.example"}, "http://localhost"),
        ({"X-Forwarded-Host": ""}, "http://localhost"),
        (
            {
                "X-Forwarded-For": f"203.0.113.9, {PROXY}",
                "X-Forwarded-Proto": "ftp, https, http",
                "X-Forwarded-Host": "evil.example, q.example, inner",
            },
            "https://q.example",
        ),
    ],
)
def test_a_known_proxy_says_where_a_request_came_to(app_with, headers, base):
    """Of a list the entry that the furthest known proxy made; what stands before it is a guess."""
    app = app_with(trusted_proxies=(ipaddress.ip_network(PROXY),))
    client = with_token(app, MASTER_TOKEN)
    client.environ_base["REMOTE_ADDR"] = PROXY
    assert urls_of(client, headers=headers) == below(base)


@pytest.mark.parametrize(
    "host", ["a/b", "user@evil.example", "a b", "evil.example:x", "<x>", "a?b", "a#b", "a,b", "[x]"]
)
def test_what_is_no_host_is_refused(client, host):
    answer = client.get("/events", headers={"Host": host})
    assert answer.status_code == 400
    assert "Host" in answer.json["error"]


REDIRECTS = {"/rq": "/rq/", "/rq?a=b": "/rq/?a=b", "/docs/guide": "/docs/guide/", "/rq/0": "/rq/0/"}


@pytest.mark.parametrize(("path", "target"), REDIRECTS.items())
@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_a_redirect_names_neither_scheme_nor_host(client, anonymous, path, target, host):
    """So nobody is led elsewhere, and nothing that is behind TLS is asked for in clear."""
    for asking in (client, anonymous):
        for headers in ({"Host": host}, *({"Host": host, **one} for one in HOSTILE)):
            answer = asking.get(path, headers=headers)
            assert answer.status_code == 308
            location = answer.headers["Location"]
            assert "//" not in location
            assert urljoin(f"https://q.example/below{path}", location) == (
                f"https://q.example/below{target}"
            )
            assert host not in answer.text or host == "localhost"


def test_nothing_else_redirects(app, client):
    """But away from a slash at the end of a path that has none: that stays where the caller is."""
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.build_only:
            continue
        if rule.endpoint.startswith("console.") or rule.endpoint == "start":
            continue  # it leads whoever is not signed in to where one signs in
        path = rule.rule.replace("<int:instance_number>", "0")
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"\1", path)
        for asked in (path, path.rstrip("/"), f"{path}/"):
            answer = client.get(asked or "/", buffered=True)
            if 300 <= answer.status_code < 400:
                led_to = urljoin(f"http://q.example{asked}", answer.headers["Location"])
                is_bare = f"{led_to}/" == f"http://q.example{asked}"
                assert asked in REDIRECTS or (is_bare and asked == f"{path}/"), asked
                assert "//" not in answer.headers["Location"]
