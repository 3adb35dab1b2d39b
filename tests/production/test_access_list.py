"""The rights of ``deploy/redis.acl`` are enough for everything, and for little else."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
import redis

from tests.production.installation import SIGNED, Installation
from tests.support.processes import ROOT
from tests.support.receiver import Receiver
from tests.support.stack import StoreServer
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e

BACKUP = "qhronos-backup"
"""``tests/backup/test_snapshots.py`` tests its rights."""

PASSWORD = "a-password-of-the-tests"


def users() -> dict[str, list[str]]:
    """The rules of each user, by its name."""
    lines = (ROOT / "deploy" / "redis.acl").read_text(encoding="utf-8").splitlines()
    rules = [shlex.split(line)[1:] for line in lines]
    return {name: rest for name, *rest in rules}


def give(server: StoreServer, user: str) -> str:
    """Make a user of the file on a server; returns the URL for it."""
    return give_at(server.url, user)


def give_at(url: str, user: str) -> str:
    """The same, given the server's URL."""
    rules = [f">{PASSWORD}" if rule.startswith(">") else rule for rule in users()[user]]
    with redis.Redis.from_url(url) as admin:
        admin.execute_command("ACL", "SETUSER", user, *rules)
    return url.replace("unix://", f"unix://{user}:{PASSWORD}@")


class Restricted(Installation):
    """Its processes are users of the file, on both servers."""

    def started(self) -> None:
        self.settings |= {
            "REDIS_URL": give(self.store, "qhronos-store"),
            "BROKER_URL": give(self.broker, "qhronos-broker"),
        }


@pytest.fixture
def installation() -> Iterator[Restricted]:
    with Restricted(api_hosts=1, worker_hosts=1, RATE_LIMIT="10000/minute") as made:
        yield made


CALLS = [
    ("GET", "/health", None),
    ("GET", "/status", None),
    ("GET", "/metrics", None),
    ("GET", "/events?tags=a&name=test", None),
    ("GET", "/occurrences?tags=a", None),
    ("GET", "/flows", None),
    ("GET", "/breakers", None),
    ("GET", "/calendar.ics", None),
    ("GET", "/audit", None),
    ("GET", "/audit/export", None),
    ("PUT", "/calendars/c", {"dates": ["2030-01-01"]}),
    ("PUT", "/flows/f", {"rate": "10/s"}),
    ("PUT", "/signing-secrets/a", {}),
    ("POST", "/occurrences/retry", {"filter": {"tags": ["a"], "status": "failed"}}),
    ("DELETE", "/calendars/c", None),
    ("GET", "/tokens", None),
    ("GET", "/rq/", None),
    ("GET", "/rq/0/data/queues.json", None),
    ("GET", "/rq/0/data/workers.json", None),
]


@pytest.mark.timeout(120)
def test_everything_works_with_these_rights(installation: Restricted) -> None:
    """The API, the scheduler, upkeep, deliveries and the dashboard: nothing is refused."""
    (api,) = installation.apis
    with Receiver() as receiver:
        event = api.create(
            receiver.url("/"), tags=["a"], flow={"key": "f"}, schedule={"every": "1s"}, **SIGNED
        )
        receiver.wait_for(3, 30)
        for method, path, body in CALLS:
            answer = api.call(method, path, body)
            assert answer.status < 300, (path, answer)
        assert answer.status == 200
        assert api.call("DELETE", f"/events/{event['id']}").status == 204
    status = api.get("/status")
    assert [one["code"] for one in status["problems"] if one["code"] != "local_fault"] == []
    with redis.Redis.from_url(installation.broker.url) as broker:
        wait_until(lambda: broker.exists("rq:job:upkeep-retain"), "upkeep is scheduled")
    assert installation.work[0].stop()[0] == 0
    for server in (installation.store, installation.broker):
        with redis.Redis.from_url(server.url) as admin:
            assert admin.acl_log() == []
            keys = [key for key in admin.scan_iter() if not key.startswith((b"qh:", b"rq:"))]
            assert keys == [], "every key is ours or RQ's by its name"
            names = {
                client["name"] for client in admin.client_list() if client["user"] != "default"
            }
            assert {name.split("-")[0] for name in names} <= {"qhronos"}


@pytest.mark.parametrize("user", ["qhronos-store", "qhronos-broker", "qhronos", "qhronos-reader"])
@pytest.mark.parametrize(
    "command",
    [
        ("FLUSHALL",),
        ("KEYS", "*"),
        ("CONFIG", "SET", "maxmemory", "1"),
        ("SHUTDOWN",),
        ("ACL", "LIST"),
        ("CLIENT", "KILL", "ID", "999"),
        ("GET", "other"),
        ("PUBLISH", "other", "x"),
        ("MONITOR",),
    ],
    ids=" ".join,
)
def test_what_is_not_needed_is_refused(store_url: str, user: str, command: tuple[str, ...]) -> None:
    with redis.Redis.from_url(store_url) as admin:
        rules = [f">{PASSWORD}" if rule.startswith(">") else rule for rule in users()[user]]
        admin.execute_command("ACL", "SETUSER", user, *rules)
        try:
            url = store_url.replace("unix://", f"unix://{user}:{PASSWORD}@")
            with (
                redis.Redis.from_url(url) as client,
                pytest.raises(redis.exceptions.NoPermissionError),
            ):
                client.execute_command(*command)
        finally:
            admin.execute_command("ACL", "DELUSER", user)


def test_who_may_only_look_changes_nothing(store_url: str) -> None:
    """As the commands and charts that people look with need it."""
    with redis.Redis.from_url(store_url) as admin:
        admin.hset("qh:meta", "a", "1")
        admin.rpush("rq:queue:deliver", "job")
    url = give_at(store_url, "qhronos-reader")
    with redis.Redis.from_url(url) as reader:
        assert reader.hgetall("qh:meta") == {b"a": b"1"}
        assert reader.lrange("rq:queue:deliver", 0, -1) == [b"job"]
        assert reader.info("replication")["role"] == "master"
        for command in (
            ("HSET", "qh:meta", "a", "2"),
            ("DEL", "rq:queue:deliver"),
            ("EVAL", "return redis.call('DEL', KEYS[1])", "1", "qh:meta"),
            ("PUBLISH", "qh:wake", "1"),
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                reader.execute_command(*command)
    with redis.Redis.from_url(store_url) as admin:
        admin.execute_command("ACL", "DELUSER", "qhronos-reader")


def test_the_file_is_one_that_a_server_reads() -> None:
    """One user a line, as ``aclfile`` wants it."""
    lines = (ROOT / "deploy" / "redis.acl").read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in lines] == ["user"] * len(lines)
    assert set(users()) - {BACKUP} == {
        *("default", "qhronos-store", "qhronos-broker", "qhronos", "qhronos-reader"),
        *("qhronos-replica", "qhronos-sentinel"),  # see tests/store/test_sentinels.py
    }
