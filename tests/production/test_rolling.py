"""Hosts are restarted one after the other, under load: nothing is lost, twice or late."""

from __future__ import annotations

import hashlib
import hmac
import sys
from base64 import b64decode
from collections.abc import Iterator

import pytest

from tests.production.installation import HELD_UP_MS, SIGNED, Installation, Load
from tests.support.processes import Program
from tests.support.receiver import Received, Receiver
from tests.support.stack import SIGNING_SECRET
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e

RATE = 20
OLD_KEY, NEW_KEY = (
    "the old key of the tests, long enough",
    "the new key of the tests, long enough",
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.mark.timeout(180)
def test_the_encryption_key_is_changed_by_rolling_restarts(receiver: Receiver) -> None:
    """The two steps of the runbook, and what ends them; signatures hold all the time."""
    with Installation(api_hosts=1, ENCRYPTION_KEY=OLD_KEY) as installation:
        load = Load(installation, receiver, RATE)
        first = load.during(lambda: installation.restart_rolling(ENCRYPTION_KEY_NEXT=NEW_KEY))

        def second_step() -> None:
            installation.restart_rolling(
                ENCRYPTION_KEY=NEW_KEY, ENCRYPTION_KEY_PREVIOUS=OLD_KEY, ENCRYPTION_KEY_NEXT=""
            )

        second = load.during(second_step)
        for late in (first, second):
            assert late.lost == late.repeats == 0, late
            assert late.quantile(0.99) <= HELD_UP_MS, late
        stray = reencrypt(installation, ENCRYPTION_KEY=OLD_KEY, ENCRYPTION_KEY_PREVIOUS=NEW_KEY)
        assert stray.wait() == 2
        assert "Nothing was changed" in stray.output
        assert reencrypt(installation).wait() == 0
        wait_until(lambda: no_problem(installation), "nothing is wrong")
        receiver.clear()
        last = installation.apis[0].create(receiver.url("/last"), **SIGNED)
        installation.apis[0].wait_for_status(last["id"], "completed")
        assert all(is_signed(one) for one in receiver.wait_for(RATE, 30, "/load"))
        assert "Traceback" not in installation.log()


def reencrypt(installation: Installation, **settings: str) -> Program:
    program = installation.program(
        f"reencrypt{len(settings)}", sys.executable, "worker.py", "reencrypt", **settings
    )
    program.start()
    return program


def no_problem(installation: Installation) -> bool:
    return not installation.apis[0].get("/status")["problems"]


def is_signed(request: Received) -> bool:
    """Whether a request bears the signature of its event's secret, or of the service's."""
    secrets = (SIGNED["hmac_secret"], SIGNING_SECRET)
    return any(
        hmac.new(b64decode(secret[6:]), request.body, hashlib.sha256).hexdigest()
        == request.headers["x-qhronos-signature"]
        for secret in secrets
    )
