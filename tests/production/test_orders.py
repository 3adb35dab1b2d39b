"""In whatever order things start or come back, every role waits, says so once, and goes on."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import redis

from tests.support.api_client import Api
from tests.support.ports import free_port
from tests.support.processes import Program, checkout, clean_environ
from tests.support.receiver import Receiver
from tests.support.stack import GUNICORN, MASTER_TOKEN, SETTINGS, StoreServer
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e

ROLES = ("deliver", "upkeep", "scheduler", "web")


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "order",
    [("roles", "store", "broker"), ("store", "roles", "broker"), ("broker", "roles", "store")],
    ids=" ".join,
)
def test_every_role_waits_for_what_is_not_there_yet(order: tuple[str, ...]) -> None:
    """No traceback, no end; at last an event is delivered."""
    with TemporaryDirectory(prefix="qhronos-") as name, Receiver() as receiver:
        directory = Path(name)
        checkout(directory)
        servers = {part: StoreServer(directory / part) for part in ("store", "broker")}
        for part, server in servers.items():
            (directory / part).mkdir()
            server.start()  # its address is known only then
            server.stop()
        port = free_port()
        settings = SETTINGS | {
            "PORT": str(port),
            "REDIS_URL": servers["store"].url,
            "BROKER_URL": servers["broker"].url,
        }
        environ = clean_environ() | {f"QHRONOS_{key}": value for key, value in settings.items()}
        programs = [
            Program(
                role,
                GUNICORN if role == "web" else (sys.executable, "worker.py", role),
                environ,
                cwd=directory,
            )
            for role in ROLES
        ]
        api = Api(port, MASTER_TOKEN)
        try:
            for part in order:
                if part == "roles":
                    for program in programs:
                        program.start()
                    wait_until(lambda: any(one.output for one in programs[:3]), "one waits")
                else:
                    servers[part].start()
            wait_until(api.answers, "the API serves")
            event = api.create(receiver.url("/"))
            api.wait_for_status(event["id"], "completed")
            with redis.Redis.from_url(servers["broker"].url) as broker:
                wait_until(lambda: broker.exists("rq:job:upkeep-retain"), "upkeep is scheduled")
            wait_until(lambda: not api.get("/status")["problems"], "nothing is wrong any more")
            assert [one.name for one in programs if not one.running] == []
            assert [one.stop()[0] for one in programs] == [0] * len(programs)
            for program in programs:
                assert "Traceback" not in program.output, program.output
        finally:
            for program in programs:
                program.kill()
            for server in servers.values():
                server.kill()
                server.release()
