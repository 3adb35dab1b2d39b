"""What a tenant may have computed in an API process is counted in steps, not in requests."""

from __future__ import annotations

import pytest

from app.api.http.computing import MOST, STEPS_A_SECOND, Shares
from app.errors import TooBusy
from app.planning.limits import WRITING
from tests.api.application import FAR_AHEAD, with_token

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
    shares = Shares(lambda: now[0])
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


def test_tenants_whose_share_is_full_are_forgotten():
    now = [0.0]
    shares = Shares(lambda: now[0])
    for number in range(2_000):
        now[0] += 1.0
        shares.take(str(number), WRITING)
    assert len(shares._owed) <= 1_001
