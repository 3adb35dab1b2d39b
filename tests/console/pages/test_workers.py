"""Workers: who is alive, and what they say of themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.console.conftest import Page


@pytest.fixture
def alive(services) -> None:
    """This process, and a worker on another host whose lease is another."""
    services.processes.announce()
    own = services.processes.own
    settings = {**own.settings, "QHRONOS_LEASE": "another"}
    other = replace(own, role="deliver", host="far-away", pid=77, settings=settings)
    replace(services.processes, own=other, name="other").announce()


def test_processes_say_who_they_are_and_which_settings_differ(alive, browser):
    page = browser.get("/console/workers")
    text = Page(page.text).text
    assert "far-away" in text
    assert "its QHRONOS_LEASE may differ from that of others" in text
    assert "1 delivers, 0 drains are at work" in text
    assert "/rq/" in Page(page.text).links


def test_what_hosts_lacked_is_told(alive, browser, services, clock):
    services.storage.local_faults.count({"files": 3}, clock.now_ms())
    text = Page(browser.get("/console/workers").text).text
    assert "this host has too many files open 3" in text


def test_nobody_there_is_told(browser):
    assert "No process has announced itself" in browser.get("/console/workers").text


def test_it_is_for_admins(browser_with):
    assert browser_with("read", "a").get("/console/workers").status_code == 403
