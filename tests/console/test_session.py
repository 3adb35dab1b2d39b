"""Who is signed in: the cookie, the forms, and where it ends.

The page where one signs in is ``app.console.pages.sign_in``.
"""

from __future__ import annotations

import pytest

from app.factory import create_app
from app.setting_readers import RateLimit
from tests.api.application import MASTER_TOKEN, token_of, with_token
from tests.console.conftest import Browser, Page


def test_who_is_not_signed_in_is_asked_for_a_token_and_led_back(app, client):
    browser = app.test_client()
    answer = browser.get("/console/events?q=tag:a")
    assert answer.status_code == 303
    assert answer.location == "/console/sign-in?next=/console/events?q%3Dtag:a"
    asked = browser.get(answer.location)
    assert asked.status_code == 200
    signed_in = browser.post(
        "/console/sign-in", data={"token": MASTER_TOKEN, "next": "/console/events?q=tag:a"}
    )
    assert signed_in.location == "/console/events?q=tag:a"


@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example/console/",
        "//evil.example/console/",
        "/\\evil.example",
        "/events",
        "javascript:alert(1)",
        "/console/\n",
        "/console/../docs",
        "/console/events/%2E%2e/..//evil.example",
        "",
    ],
)
def test_nobody_is_led_elsewhere_after_signing_in(app, following):
    answer = app.test_client().post(
        "/console/sign-in", data={"token": MASTER_TOKEN, "next": following}
    )
    assert answer.location == "/console/"


def test_a_wrong_token_is_told_and_begins_no_session(app):
    browser = app.test_client()
    answer = browser.post("/console/sign-in", data={"token": "wrong"})
    assert answer.status_code == 401
    assert "not valid" in Page(answer.text).text
    assert "Set-Cookie" not in answer.headers
    assert "wrong" not in answer.text.replace("what is wrong", "")


def test_the_cookie_is_for_this_site_and_for_no_script_and_does_not_tell_the_token(app):
    answer = app.test_client().post("/console/sign-in", data={"token": MASTER_TOKEN})
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/console/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert MASTER_TOKEN not in cookie
    safe = app.test_client().post(
        "/console/sign-in", data={"token": MASTER_TOKEN}, base_url="https://localhost"
    )
    assert "Secure" in safe.headers["Set-Cookie"].split("; ")


def test_the_api_takes_no_cookie(browser):
    assert browser.client.get("/events").status_code == 401


def test_a_cookie_that_was_changed_or_made_elsewhere_is_none(app, browser):
    cookie = browser.client.get_cookie("qhronos_console", path="/console/").value
    for value in (cookie[:-2] + "AA", "x", "gAAAAA==", cookie[::-1]):
        other = app.test_client()
        other.set_cookie("qhronos_console", value, path="/console/")
        assert other.get("/console/").status_code == 303


def test_a_session_ends_after_half_a_day(browser, clock):
    clock.advance(12 * 3_600_000 - 1_000)
    assert browser.get("/console/").status_code == 200
    clock.advance(2_000)
    assert browser.get("/console/").status_code == 303


def test_a_session_ends_with_its_token(client, sign_in):
    browser = sign_in(token_of(client, "read_write", "a"))
    assert browser.get("/console/events").status_code == 200
    (token,) = client.get("/tokens").json
    assert client.delete(f"/tokens/{token['jti']}").status_code < 300
    assert browser.get("/console/events").status_code == 303


def test_a_form_from_elsewhere_does_nothing(browser, client, an_event):
    event = client.post("/events", json=an_event).json
    for given in ("", "x", "ä"):
        browser.form_token = given
        answer = browser.client.post(
            f"/console/events/{event['id']}/delete", data={"form_token": given}
        )
        assert answer.status_code == 403
    assert client.get(f"/events/{event['id']}").status_code == 200


def test_sessions_do_not_share_form_values(sign_in):
    one, other = sign_in(MASTER_TOKEN), sign_in(MASTER_TOKEN)
    assert one.form_token != other.form_token
    one.form_token = other.form_token
    assert one.post("/console/sign-out").status_code == 403


def test_sign_out_ends_the_session(browser):
    assert browser.post("/console/sign-out").status_code == 303
    assert browser.get("/console/").status_code == 303


def test_a_link_signs_in_once_and_only_by_a_click(app, client):
    link = client.post("/console/links").json["link"]
    assert link.startswith("http://localhost/console/sign-in?link=")
    path = link.removeprefix("http://localhost")
    for _ in range(2):  # as programs do that look at links
        asked = app.test_client().get(path)
        assert asked.status_code == 200
        assert "Set-Cookie" not in asked.headers
    value = path.partition("link=")[2].replace("%3D", "=")
    browser = app.test_client()
    assert browser.post("/console/sign-in", data={"link": value}).location == "/console/"
    assert browser.get("/console/").status_code == 200
    again = app.test_client().post("/console/sign-in", data={"link": value})
    assert again.status_code == 401
    assert "was used before" in Page(again.text).text


def test_a_link_is_good_for_ten_minutes(app, client, clock):
    value = client.post("/console/links").json["link"].partition("link=")[2].replace("%3D", "=")
    clock.advance(601_000)
    answer = app.test_client().post("/console/sign-in", data={"link": value})
    assert answer.status_code == 401


def test_a_link_of_a_clock_that_is_ahead_is_good_once_as_long_as_it_is(
    app, client, services, clock
):
    clock.advance(60_000)
    value = client.post("/console/links").json["link"].partition("link=")[2].replace("%3D", "=")
    clock.advance(-60_000)
    browser = app.test_client()
    assert browser.post("/console/sign-in", data={"link": value}).status_code == 303
    (name,) = services.storage.client.keys("*revoked*")
    assert services.storage.client.ttl(name) > 600


def test_only_a_token_in_the_header_makes_a_link(app, browser):
    assert app.test_client().post("/console/links").status_code == 401
    assert browser.post("/console/links").status_code == 401


def test_who_may_only_write_sees_nothing(client, app):
    token = token_of(client, "write", "a")
    browser = app.test_client()
    browser.post("/console/sign-in", data={"token": token})
    answer = browser.get("/console/")
    assert answer.status_code == 403
    assert "may not read" in Page(answer.text).text


ACTS = (
    "events",
    "events/{id}/trigger",
    "events/{id}/resume",
    "events/{id}/edit",
    "new",
    "preview",
    "dead-letters",
)


@pytest.mark.parametrize("path", ACTS)
def test_who_may_only_write_sees_nothing_in_what_an_act_answers(client, app, an_event, path):
    event = client.post("/events", json={**an_event, "name": "unseen", "tags": ["a"]}).json
    browser = Browser(app.test_client())
    browser.post("/console/sign-in", token=token_of(client, "write", "a"))
    browser.get("/console/")  # the page that says so has the form that signs out
    answer = browser.post(
        f"/console/{path.format(**event)}", act="resume", event=event["id"], count="1"
    )
    assert answer.status_code == 403
    assert "may not read" in Page(answer.text).text
    assert "unseen" not in answer.text


@pytest.mark.parametrize("access", ["read", "write"])
def test_whoever_has_signed_in_can_sign_out(client, app, access):
    browser = Browser(app.test_client())
    browser.post("/console/sign-in", token=token_of(client, access, "a"))
    browser.get("/console/")
    answer = browser.post("/console/sign-out")
    assert answer.status_code == 303
    assert "qhronos_console=;" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("site", "status"),
    [("cross-site", 403), ("same-site", 403), ("same-origin", 303), ("none", 303)],
)
def test_no_page_of_another_site_signs_somebody_in(app, client, site, status):
    link = client.post("/console/links").json["link"].partition("link=")[2].replace("%3D", "=")
    for given in ({"token": MASTER_TOKEN}, {"link": link}):
        answer = app.test_client().post(
            "/console/sign-in", data=given, headers={"Sec-Fetch-Site": site}
        )
        assert answer.status_code == status
        assert ("Set-Cookie" in answer.headers) == (status == 303)


def test_who_may_only_read_is_offered_no_act_and_can_do_none(client, browser_with, an_event):
    event = client.post("/events", json={**an_event, "tags": ["a"]}).json
    browser = browser_with("read", "a")
    page = browser.get(f"/console/events/{event['id']}")
    assert "Trigger" not in page.text
    assert "New event" not in page.text
    answer = browser.post(f"/console/events/{event['id']}/delete")
    assert answer.status_code == 403
    assert client.get(f"/events/{event['id']}").status_code == 200


def test_below_the_path_of_a_public_url_links_and_cookie_have_it_once(start_services):
    app = create_app(start_services(public_url="https://public.example/q"))
    client = with_token(app, MASTER_TOKEN)
    link = client.post("/console/links").json["link"]
    assert link.startswith("https://public.example/q/console/sign-in?link=")
    value = link.partition("link=")[2].replace("%3D", "=")
    for host in ("https://public.example", "http://public.example"):  # as the proxy hands it on
        answer = app.test_client().post(
            "/console/sign-in", data={"token": MASTER_TOKEN}, base_url=host
        )
        assert {"Path=/q/console/", "Secure"} <= set(answer.headers["Set-Cookie"].split("; "))
    # Who comes by another name, past the proxy, comes without TLS.
    answer = app.test_client().post("/console/sign-in", data={"link": value})
    assert answer.location == "/q/console/"
    assert "Secure" not in answer.headers["Set-Cookie"].split("; ")


def test_pages_count_for_the_token_and_not_for_the_address(app_with, client):
    """Two people behind one address do not use up each other's requests."""
    app = app_with(rate_limit=RateLimit(3, 3600))
    tokens = [token_of(client, "read", "a"), token_of(client, "read", "b")]
    one, other = (signed_in(app, token) for token in tokens)
    assert [one.get("/console/events").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert other.get("/console/events").status_code == 200
    api = other.get("/events", headers={"Authorization": f"Bearer {tokens[0]}"})
    assert api.status_code == 429


def signed_in(app, token):
    """A browser that has signed in, from an address of its own."""
    browser = app.test_client()
    answer = browser.post(
        "/console/sign-in", data={"token": token}, environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert answer.status_code in (303, 429)
    return browser
