"""Somebody at work in the console, with a real browser; run by ``.venv/browser/bin/python``.

It is given a JSON object on its standard input: ``url`` of the instance, ``token`` (a master token),
``target`` (a receiver), ``chromium`` (the program), and ``out`` for a directory of pictures, if any
are wanted. It writes what it has done and what was wrong as JSON. Nothing of the project is imported
here: what drives the browser has an environment of its own.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.request
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

HOSTILE = "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>{{7*7}}"
PAGES = {
    "now": "/console/",
    "events": "/console/events",
    "bulk": "/console/bulk?of=1&act=pause",
    "event": "/console/events/{event}",
    "edit": "/console/events/{event}/edit",
    "new": "/console/new",
    "occurrence": "/console/occurrences/{occurrence}",
    "curl": "/console/occurrences/{occurrence}/curl",
    "gone": "/console/events/{gone}",
    "dead-letters": "/console/dead-letters",
    "agenda": "/console/agenda",
    "week": "/console/agenda?view=week",
    "load": "/console/load",
    "playground": "/console/playground?kind=cron&value=0+9+*+*+1-5",
    "flows": "/console/flows",
    "flow": "/console/flows/browsed",
    "calendars": "/console/calendars",
    "calendar": "/console/calendars/browsed",
    "alerts": "/console/alerts",
    "alert": "/console/alerts/{alert}",
    "tokens": "/console/tokens",
    "audit": "/console/audit",
    "workers": "/console/workers",
    "not-there": "/console/nothing",
}


PREVIEWED = ("new", "edit", "playground")
"""Pages that ask for a part of them when they are shown."""

WIDTHS = (1280, 390)
LOOKS = (("light", 1280), ("dark", 390))
"""How every page is looked at: in both schemes and both widths, but not in all four pairs."""


class Visit:
    """One instance, seen through one browser."""

    def __init__(self, given: dict[str, Any], browser: Browser) -> None:
        self.url, self.token, self.target = given["url"], given["token"], given["target"]
        self.browser = browser
        self.problems: list[str] = []
        self.done: list[str] = []

    def api(self, method: str, path: str, body: object = None) -> Any:
        """Call the API as the master."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def page(self, token: str | None = None, **context: Any) -> Page:
        """A new browser's page, signed in; whatever it complains of is noted."""
        page = self.browser.new_context(**context).new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: {error}"))
        page.on("dialog", self._dialog)
        page.on(
            "console",
            lambda said: (
                said.type in ("error", "warning")
                and not re.search("status of (4|503)", said.text)
                and self.problems.append(f"{page.url}: {said.text}")
            ),
        )
        page.goto(f"{self.url}/")
        page.fill("#token", token or self.token)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/console/")
        return page

    def _dialog(self, dialog: Any) -> None:
        if dialog.type != "confirm":
            self.problems.append(f"a script of somebody's ran: {dialog.message}")
        dialog.accept()

    def do(self, act: Callable[[], None]) -> None:
        """Do one thing; what goes wrong is a problem, and the next thing is done all the same."""
        self.done.append(act.__name__)
        try:
            act()
        except Exception as error:  # noqa: BLE001 - it is told, with all others
            self.problems.append(f"{act.__name__}: {str(error)[:800]}")

    def an_event_goes_from_the_form_to_completed_while_watched(self) -> None:
        page = self.page()
        page.keyboard.press("g")
        page.keyboard.press("e")
        page.wait_for_url("**/console/events")
        page.get_by_role("link", name="New event").click()
        page.fill("#name", "watched")
        expect(page.locator("#preview")).to_contain_text("What you type is explained here")
        page.fill("#webhook", self.target)
        page.fill("#value", "every weekday at noon")
        page.fill("#timezone", "Europe/Berlin")
        expect(page.locator("#preview")).to_contain_text("12:00 Europe/Berlin")
        page.check("input[value=delay]")
        page.fill("#value", "3s")
        expect(page.locator("#preview")).to_contain_text("Once")
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_role("heading", name="watched")).to_be_visible()
        expect(page.locator(".line .mark.is-completed")).to_be_visible(timeout=30_000)

    def a_page_is_told_what_happens_elsewhere(self) -> None:
        event = self.api("POST", "/events", self.body(name="told", tags=["told"]))["id"]
        page = self.page()
        with page.expect_response("**/console/stream*") as streamed:
            page.goto(f"{self.url}/console/events/{event}")
        assert streamed.value.status == 200
        assert streamed.value.headers["content-type"] == "text/event-stream"
        page.wait_for_timeout(3_000)  # what it reads when it begins is behind it
        self.api("POST", f"/events/{event}/trigger")
        expect(page.locator(".line .mark.is-completed")).to_be_visible(timeout=4_000)

    def search_finds_while_somebody_types(self) -> None:
        page = self.page()
        page.goto(f"{self.url}/console/events")
        page.keyboard.press("/")
        page.keyboard.type("tag:hostile", delay=20)
        expect(page.locator("#found tbody tr")).to_have_count(1)
        expect(page).to_have_url(re.compile("q=tag"))
        page.locator("#q").fill("nobody is called so")
        expect(page.locator("#found")).to_contain_text("No event has this")

    def a_request_is_copied_by_a_click(self) -> None:
        event = self.api("POST", "/events", self.body(name="by hand", metadata={"it's": "so"}))[
            "id"
        ]
        occurrence = self.api("POST", f"/events/{event}/trigger")["id"]
        page = self.page(permissions=["clipboard-read", "clipboard-write"])
        page.goto(f"{self.url}/console/occurrences/{occurrence}")
        page.get_by_role("link", name="Copy as curl").click()
        expect(page.get_by_role("link", name="copied", exact=True)).to_be_visible()
        command = page.evaluate("navigator.clipboard.readText()")
        assert command.startswith("curl --include")
        assert "webhook-signature: v1," in command

    def many_are_paused_at_once(self) -> None:
        for number in range(3):
            self.api("POST", "/events", self.body(name=f"many {number}", tags=["many"]))
        page = self.page()
        page.goto(f"{self.url}/console/events?q=tag:many")
        expect(page.get_by_role("button", name="Pause")).to_be_disabled()
        page.check("[data-all]")
        expect(page.locator("[data-chosen]")).to_have_text("With 3 events:")
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("[role=status]")).to_contain_text("3 of 3 done")

    def an_open_page_says_when_it_is_not_up_to_date(self) -> None:
        page, look_again = self.page(), "document.dispatchEvent(new Event('visibilitychange'))"
        expect(page.locator("#stale")).to_be_hidden()
        page.route("**/console/", lambda route: route.fulfill(status=503, body="away"))
        page.evaluate(look_again)
        expect(page.locator("#stale")).to_be_visible()
        page.unroute_all()
        page.evaluate(look_again)
        expect(page.locator("#stale")).to_be_hidden()

    def a_delete_is_undone(self) -> None:
        event = self.api("POST", "/events", self.body(name="regretted"))["id"]
        page = self.page()
        page.goto(f"{self.url}/console/events/{event}")
        page.get_by_role("button", name="Delete").click()
        expect(page.locator(".undo")).to_contain_text("This event is deleted in")
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("button", name="Delete")).to_be_visible()
        assert self.api("GET", f"/events/{event}")["status"] == "active"

    def a_session_ends_with_its_token_while_somebody_looks(self) -> None:
        made = {"type": "jwt", "sub": "guest", "access": "read", "scope": ["many"]}
        token = self.api("POST", "/tokens", {**made, "expires_at": "2035-01-01T00:00:00Z"})["token"]
        page = self.page(token)
        page.goto(f"{self.url}/console/")
        (standing,) = [one for one in self.api("GET", "/tokens") if one["sub"] == "guest"]
        self.api("DELETE", f"/tokens/{standing['jti']}")
        page.wait_for_url("**/console/sign-in**", timeout=20_000)

    def a_token_is_made_seen_once_and_revoked(self) -> None:
        page = self.page()
        page.goto(f"{self.url}/console/")
        page.get_by_text("More").click()
        page.get_by_role("link", name="Tokens").click()
        page.fill("#sub", "browser")
        page.fill("#scope", "many")
        page.get_by_role("button", name="Make it").click()
        token = page.locator("#made").inner_text()
        page.goto(f"{self.url}/console/tokens")
        assert token not in page.content()
        page.fill("#sub-q", "browser")
        page.get_by_role("button", name="Find").click()
        expect(page.locator("tbody tr")).to_have_count(1)
        page.get_by_role("button", name="Revoke").click()
        expect(page.locator("main")).to_contain_text("No token of “browser” is valid")

    def a_flow_is_slowed_and_paused(self) -> None:
        flow = {"key": "slowed", "rate": "100/s"}
        self.api("POST", "/events", self.body(name="slowed", flow=flow))
        page = self.page()
        page.keyboard.press("g")
        page.keyboard.press("f")
        page.get_by_role("link", name="slowed").click()
        page.fill("#rate", "1/m")
        page.get_by_role("button", name="Set limits").click()
        expect(page.locator(".lead")).to_contain_text("1/m")
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
        assert self.api("GET", "/flows/slowed")["paused"]

    def a_schedule_is_explained_in_the_playground_and_becomes_an_event(self) -> None:
        page = self.page()
        page.keyboard.press("g")
        page.keyboard.press("p")
        page.wait_for_url("**/console/playground")
        page.fill("#value", "every second Friday at 9")
        expect(page.locator("#preview")).to_contain_text("Every second Friday")
        page.get_by_role("button", name="Explain").click()
        assert "form_token" not in page.url
        page.get_by_role("link", name="Make an event of it").click()
        expect(page.locator("#value")).to_have_value("every second Friday at 9")

    def keys_are_shown(self) -> None:
        page = self.page()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()

    def two_tabs_do_not_overwrite_each_other(self) -> None:
        event = self.api("POST", "/events", self.body(name="shared"))["id"]
        one, other = self.page(), self.page()
        for page in (one, other):
            page.goto(f"{self.url}/console/events/{event}/edit")
        one.fill("#name", "first")
        one.get_by_role("button", name="Save").click()
        expect(one.get_by_role("heading", name="first")).to_be_visible()
        other.fill("#name", "second")
        other.get_by_role("button", name="Save").click()
        expect(other.locator("[role=alert]")).to_be_visible()
        assert other.input_value("#name") == "second"
        assert self.api("GET", f"/events/{event}")["name"] == "first"

    def body(self, **fields: Any) -> dict[str, Any]:
        return {
            "webhook": self.target,
            "schedule": {"every": "1h"},
            "start_time": "2035-01-01T00:00:00Z",
            **fields,
        }

    def names(self) -> dict[str, str]:
        """What stands for names in ``PAGES``: a hostile event, and its failed occurrence."""
        event = self.api(
            "POST",
            "/events",
            self.body(
                name=HOSTILE,
                description=HOSTILE,
                tags=["hostile", "more"],
                flow={"key": "browsed", "rate": "5/s"},
                metadata={HOSTILE: HOSTILE},
            ),
        )["id"]
        occurrence = self.api("POST", f"/events/{event}/trigger")["id"]
        days = {"description": HOSTILE, "holidays": {"country": "DE"}, "dates": ["2026-12-24"]}
        self.api("PUT", "/calendars/browsed", days)
        slack = {"name": HOSTILE, "type": "slack", "on": ["lag"], "url": self.target}
        alert = self.api("POST", "/alerts", slack)["id"]
        token = {"type": "jwt", "sub": HOSTILE, "access": "read", "scope": [HOSTILE[:60]]}
        self.api("POST", "/tokens", {**token, "expires_at": "2035-01-01T00:00:00Z"})
        gone = self.api("POST", "/events", self.body(name=HOSTILE, tags=["gone"]))["id"]
        self.api("POST", f"/events/{gone}/trigger")
        self.api("DELETE", f"/events/{gone}")
        return {"event": event, "occurrence": occurrence, "gone": gone, "alert": alert}

    def every_page_is_sound_in_light_and_dark_wide_and_narrow(self) -> None:
        names, axe = self.names(), Axe()
        for scheme, width in LOOKS if self.out is None else product(("light", "dark"), WIDTHS):
            page = self.page(color_scheme=scheme, viewport={"width": width, "height": 844})
            for name, path in PAGES.items():
                page.goto(self.url + path.format(**names))
                if name in PREVIEWED or self.out is not None:
                    page.wait_for_load_state("networkidle")
                where = f"{name}, {scheme}, {width}"
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    self.problems.append(f"{where}: it scrolls sideways")
                if "49" in page.title():
                    self.problems.append(f"{where}: a template of somebody's was filled in")
                for found in axe.run(page).response["violations"]:
                    places = [one["html"][:120] for one in found["nodes"][:3]]
                    self.problems.append(f"{where}: {found['id']}: {places}")
                if self.out is not None:
                    page.screenshot(path=self.out / f"{name}-{scheme}-{width}.png", full_page=True)

    def the_api_is_read_searched_and_copied(self) -> None:
        """Axe looks at what a search leaves: at the whole page it takes ten seconds."""
        axe = Axe()
        for scheme, width in LOOKS if self.out is None else product(("light", "dark"), WIDTHS):
            page = self.page(
                color_scheme=scheme,
                viewport={"width": width, "height": 844},
                permissions=["clipboard-read", "clipboard-write"],
            )
            page.goto(f"{self.url}/docs")
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                self.problems.append(f"docs, {scheme}, {width}: it scrolls sideways")
            if self.out is not None:
                page.screenshot(path=self.out / f"docs-{scheme}-{width}.png")
            page.keyboard.press("/")
            page.keyboard.type("flows pause")
            expect(page.locator("article:visible")).to_have_count(2)
            for found in axe.run(page).response["violations"]:
                places = [one["html"][:120] for one in found["nodes"][:3]]
                self.problems.append(f"docs, {scheme}, {width}: {found['id']}: {places}")
            page.keyboard.press("Enter")
            expect(page).to_have_url(f"{self.url}/docs#pause_flow")
            page.keyboard.press("Escape")
            page.keyboard.press("j")
            expect(page).to_have_url(f"{self.url}/docs#resume_flow")
        page.get_by_label("Python").check()
        call = page.locator("#pause_flow")
        expect(call.get_by_text("curl", exact=True)).to_be_hidden()
        call.get_by_role("button", name="Copy").click()
        expect(call.get_by_role("button", name="Copied")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        if not copied.startswith("import os") or f"{self.url}/flows/acme/pause" not in copied:
            self.problems.append(f"docs: copied was {copied}")
        page.goto(f"{self.url}/docs#contents")
        page.locator("#contents").get_by_role("link", name="GET /health").click()
        expect(page.get_by_role("heading", name="GET /health")).to_be_in_viewport()
        expect(page.locator("#contents")).to_be_hidden()

    out: Path | None = None


def main() -> None:
    """Read what is given, do everything, write what was wrong."""
    given = json.load(sys.stdin)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=given["chromium"], args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        visit = Visit(given, browser)
        visit.out = Path(given["out"]) if given.get("out") else None
        for act in (
            visit.every_page_is_sound_in_light_and_dark_wide_and_narrow,
            visit.an_event_goes_from_the_form_to_completed_while_watched,
            visit.a_page_is_told_what_happens_elsewhere,
            visit.search_finds_while_somebody_types,
            visit.a_request_is_copied_by_a_click,
            visit.many_are_paused_at_once,
            visit.a_token_is_made_seen_once_and_revoked,
            visit.a_flow_is_slowed_and_paused,
            visit.a_schedule_is_explained_in_the_playground_and_becomes_an_event,
            visit.the_api_is_read_searched_and_copied,
            visit.keys_are_shown,
            visit.a_delete_is_undone,
            visit.an_open_page_says_when_it_is_not_up_to_date,
            visit.a_session_ends_with_its_token_while_somebody_looks,
            visit.two_tabs_do_not_overwrite_each_other,
        ):
            visit.do(act)
        browser.close()
    json.dump({"done": visit.done, "problems": visit.problems}, sys.stdout)


if __name__ == "__main__":
    main()
