"""What a tenant may have computed in an API process is counted in steps, not in requests."""

from __future__ import annotations

import threading

import pytest

from app.api.http import computing
from app.api.http.computing import (
    EVERY,
    FREE,
    MOST,
    OF_ONE_TENANT,
    PAUSE_S,
    STEPS_A_SECOND,
    StepShares,
    Turns,
)
from app.errors import TooBusy
from app.planning.limits import WRITING
from tests.api.application import FAR_AHEAD, with_token
from tests.support.wait import wait_until

COSTLY = {
    "start_time": "2026-06-01T00:00:00Z",
    "schedule": {
        "every": "1s",
        "exclude": [{"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"}] * 20,
    },
}
CHEAP = {"start_time": "2026-06-01T00:00:00Z", "schedule": {"frequency": "daily"}}


@pytest.fixture
def tenant(app, client):
    def make(sub):
        grant = {"type": "jwt", "sub": sub, "access": "read_write", "scope": [sub]}
        answer = client.post("/tokens", json={**grant, "expires_at": FAR_AHEAD})
        return with_token(app, answer.json["token"])

    return make


def preview(client, draft):
    return client.post("/preview?count=3", json=draft)


def test_a_tenant_that_has_much_computed_waits_and_no_other_does(tenant, client):
    """With another token, too; what is cheap goes on, and so does the operator."""
    first = tenant("greedy")
    for _ in range(50):
        answer = preview(first, COSTLY)
        if answer.status_code != 200:
            break
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "1"
    assert "computing" in answer.json["error"]
    statuses = {preview(tenant("greedy"), COSTLY).status_code for _ in range(3)}
    assert 429 in statuses
    assert all(preview(first, CHEAP).status_code == 200 for _ in range(50))
    assert preview(tenant("other"), COSTLY).status_code == 200
    assert all(preview(client, COSTLY).status_code == 200 for _ in range(10))


def test_a_share_fills_up_again():
    now = [0.0]
    shares = StepShares(lambda: now[0])
    for _ in range(MOST // WRITING):
        shares.take("one", WRITING)
    with pytest.raises(TooBusy):
        shares.take("one", WRITING)
    shares.take("two", WRITING)
    shares.give_back("one", WRITING)
    shares.take("one", WRITING)
    now[0] += WRITING / STEPS_A_SECOND - 0.01
    with pytest.raises(TooBusy):
        shares.take("one", WRITING)
    now[0] += 0.01
    shares.take("one", WRITING)


def test_costly_requests_take_turns():
    """One has the turn, so many wait, one more is refused; a turn that ends is the next one's."""
    turns = Turns(3)
    turns.take("one")
    inside, go_on = [], threading.Semaphore(0)

    def wait(tenant):
        turns.take(tenant)
        inside.append(tenant)
        go_on.acquire(timeout=10)
        turns.give_back(tenant)

    waiting = [threading.Thread(target=wait, args=(tenant,)) for tenant in ("one", "two")]
    for thread in waiting:
        thread.start()
    wait_until(lambda: turns._inside.total() == 3, "both wait")
    with pytest.raises(TooBusy):
        turns.take("three")
    assert inside == []
    turns.give_back("one")
    for count in (1, 2):
        wait_until(lambda count=count: len(inside) == count, "the next one's turn")
        go_on.release()
    for thread in waiting:
        thread.join()
    assert not turns._inside
    turns.take("three")


def test_a_costly_request_lets_others_have_the_interpreter_again_and_again(tenant, monkeypatch):
    """What is cheap never pauses."""
    pauses = []
    one = tenant("one")
    monkeypatch.setattr(computing.time, "sleep", pauses.append)
    assert preview(one, CHEAP).status_code == 200
    assert pauses == []
    assert preview(one, COSTLY).status_code == 200
    assert set(pauses) == {PAUSE_S}
    assert len(pauses) > FREE // EVERY


def test_no_tenant_has_all_the_places():
    turns = Turns(8)
    turns.take("one")
    waits = threading.Thread(target=lambda: (turns.take("one"), turns.give_back("one")))
    waits.start()
    wait_until(lambda: turns._inside["one"] == OF_ONE_TENANT, "it waits")
    with pytest.raises(TooBusy):
        turns.take("one")
    turns.give_back("one")
    waits.join()


def test_who_waits_too_long_for_a_turn_is_refused_and_leaves_nothing_behind(monkeypatch):
    monkeypatch.setattr(computing, "WAIT_S", 0.01)
    turns = Turns(8)
    turns.take("one")
    with pytest.raises(TooBusy):
        turns.take("two")
    assert turns._inside == {"one": 1}


def test_a_request_gives_its_turn_back_whatever_becomes_of_it(tenant, client):
    """Also one that is refused because its schedule takes too many steps."""
    endless = {**CHEAP, "schedule": {**COSTLY["schedule"], "every": "7s"}}
    endless["schedule"]["exclude"] = [{"rrule": "FREQ=SECONDLY;BYMONTH=1"}] * 20
    for _ in range(20):
        assert preview(client, endless).status_code in (200, 400)
        assert preview(client, COSTLY).status_code == 200
    assert preview(tenant("other"), COSTLY).status_code == 200
