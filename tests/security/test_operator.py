"""The attacker who can read the store: its keys, its files, its slow log, its backups."""

from __future__ import annotations

import base64
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook

from app.config import Settings
from app.domain.targets import TargetPolicy
from app.domain.times import to_rfc3339
from app.errors import ConfigError
from app.factory import create_app
from app.runtime.embedded import EmbeddedStore
from app.setting_readers import RateLimit
from app.wiring.engine import Engine, build_engine
from app.wiring.services import Services, build_services
from tests.security.conftest import MASTER_TOKEN, SECRETS
from tests.support.receiver import Received, Receiver
from tests.support.wait import wait_until

OWN = "whsec_" + base64.b64encode(b"the event's own secret, of bytes").decode()
HEADER = "Bearer the-value-of-a-header-of-the-event"
NEXT = "the next secret of the event, a text"


@pytest.fixture(scope="module")
def store() -> Iterator[EmbeddedStore]:
    """One that writes every command to its file."""
    with (
        tempfile.TemporaryDirectory(prefix="qhronos-") as directory,
        EmbeddedStore(Path(directory)) as server,
    ):
        yield server


@pytest.fixture
def raw(store) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(store.url) as client:
        client.flushall()
        client.config_set("slowlog-log-slower-than", 0)
        client.config_set("slowlog-max-len", 100_000)
        yield client


@pytest.fixture
def draining(store) -> Iterator[Callable[[Settings], Engine]]:
    """Makes engines whose drains are over, threads and all, before the store and the test are."""
    made: list[Engine] = []

    def make(settings: Settings) -> Engine:
        made.append(build_engine(settings))
        return made[-1]

    yield make
    for engine in made:
        engine.stop.set()
        engine.close()


def settings_of(store: EmbeddedStore, **changes: Any) -> Settings:
    plain = Settings(
        **SECRETS,
        redis_url=store.url,
        allow_private_targets=TargetPolicy(allow_all=True),
        drain_linger_ms=1_000,
        rate_limit=RateLimit(1_000, 60),
    )
    return replace(plain, **changes)


def client_of(services: Services, token: str = MASTER_TOKEN) -> Any:
    client = create_app(services).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def everything(client: redis.Redis, directory: Path) -> bytes:
    """All that the store holds, has logged and has written to disk."""
    dump: list[bytes] = []
    for key in client.scan_iter(count=1_000):
        dump.append(key)
        kind = client.type(key)
        if kind == b"string":
            dump.append(client.get(key))
        elif kind == b"hash":
            dump += [part for pair in client.hgetall(key).items() for part in pair]
        elif kind == b"stream":
            dump += [part for _, fields in client.xrange(key) for part in fields.values()]
        elif kind == b"list":
            dump += client.lrange(key, 0, -1)
        elif kind == b"set":
            dump += client.smembers(key)
        else:
            dump += client.zrange(key, 0, -1)
    dump += [entry["command"] for entry in client.slowlog_get(100_000)]
    dump += [path.read_bytes() for path in directory.rglob("*") if path.is_file()]
    return b"\n".join(dump)


def forms(secret: str) -> list[bytes]:
    """A secret as text, decoded, and in base64 and hex."""
    plain = secret.encode()
    decoded = base64.b64decode(secret.removeprefix("whsec_")) if "whsec_" in secret else plain
    hexes = [plain.hex().encode(), decoded.hex().encode()]
    return [plain, decoded, base64.b64encode(plain)[:-4], *hexes]


def drain_until(engine: Engine, condition: Callable[[], object]) -> None:
    """Drain, however long the store may take to answer, until a condition holds."""
    wait_until(lambda: engine.drain() >= 0 and condition(), "the drain has done its work")


def is_tried(api: Any, event_id: str) -> bool:
    (occurrence,) = api.get(f"/events/{event_id}/occurrences").json
    return bool(occurrence["status"] == "retrying")


def soon() -> str:
    return to_rfc3339(int(time.time() * 1000) + 100)


def test_no_secret_is_stored_logged_or_written_in_clear(store, raw, caplog, draining):
    """After every call that handles one, and a delivery that uses them all; nor is it answered."""
    caplog.set_level(logging.DEBUG)
    engine = draining(settings_of(store))
    api = client_of(engine.services)
    token_body = {
        "type": "jwt",
        "sub": "somebody",
        "access": "read_write",
        "scope": ["red"],
        "expires_at": to_rfc3339(int(time.time() * 1000) + 3_600_000),
    }
    token = api.post("/tokens", json=token_body).json["token"]
    tenant = client_of(engine.services, token)
    with Receiver() as receiver:
        event = {"name": "a", "webhook": receiver.url("/"), "tags": ["red"], "hmac_secret": OWN}
        event["headers"] = {"Authorization": HEADER}
        first = tenant.post("/events", json={**event, "start_time": soon()}).json["id"]
        tenant.put(f"/events/{first}", json={"name": "b", "hmac_secret": OWN})
        tenant.put(f"/events/{first}", json={"headers": {"Authorization": "***", "X-B": HEADER}})
        tenant.post(f"/events/{first}/rotate-secret", json={"secret": NEXT})
        made = tenant.post(f"/events/{first}/rotate-secret").json["secret"]
        api.post("/events/rotate-secret?tags=red", json={"secret": NEXT + " for all"})
        engine.services.queues.drains.enqueue_drain()
        engine.services.queues.upkeep_schedule.register(datetime(2030, 1, 1))  # noqa: DTZ001 - as it wants it
        drain_until(engine, lambda: receiver.requests)
        (request,) = receiver.requests
    assert request.headers["authorization"] == request.headers["x-b"] == HEADER
    (key,) = api.get("/.well-known/webhook-keys").json["keys"]
    verify_with_public_key(key["key"], request)
    for secret in (OWN, NEXT + " for all"):
        key = secret if secret.startswith("whsec_") else base64.b64encode(secret.encode()).decode()
        Webhook(key).verify(request.body, dict(request.headers))
    (occurrence,) = api.get(f"/events/{first}/occurrences").json
    said = caplog.text.encode()
    for path in (
        *("/metrics", "/status", "/openapi.json", "/events", "/tokens", "/audit/export"),
        *(f"/events/{first}", f"/occurrences/{occurrence['id']}/attempts", "/rq/queues"),
    ):
        said += api.get(path).data
    time_to_flush(raw)
    found = said + everything(raw, store._dir)
    assert b"qh:{0}:event:" in found
    assert b"rq:" in found
    assert b"rotate-secret" in found
    for secret in (*SECRETS.values(), OWN, HEADER, NEXT, made, token, token.split(".")[2]):
        assert [form for form in forms(secret) if form in found] == []


def verify_with_public_key(key: str, request: Received) -> None:
    """As a receiver does that holds no secret; raises ``InvalidSignature``."""
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix("whpk_")))
    headers = request.headers
    signatures = [one for one in headers["webhook-signature"].split() if one.startswith("v1a,")]
    (signature,) = (base64.b64decode(one.removeprefix("v1a,")) for one in signatures)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    public.verify(signature, signed)


def time_to_flush(client: redis.Redis) -> None:
    """Have the store write what it holds back."""
    client.config_set("appendfsync", "always")
    client.set("flushed", 1)


def test_a_sealed_secret_is_good_for_its_own_event_alone(store, raw, draining):
    """Copied to another event, or changed, it does not open; the delivery fails and says why."""
    engine = draining(settings_of(store))
    api = client_of(engine.services)
    with Receiver() as receiver:
        event = {"name": "a", "webhook": receiver.url("/"), "start_time": soon()}
        ids = [
            api.post("/events", json={**event, "hmac_secret": secret}).json["id"]
            for secret in (OWN, NEXT)
        ]
        keys = [b"qh:{0}:event:" + bytes.fromhex(one.replace("-", "")) for one in ids]
        raw.hset(keys[0], "sec", raw.hget(keys[1], "sec"))
        raw.hset(keys[1], "sec", raw.hget(keys[1], "sec")[:-1] + b"x")
        drain_until(engine, lambda: all(is_tried(api, one) for one in ids))
        assert receiver.requests == []
    for one in ids:
        (occurrence,) = api.get(f"/events/{one}/occurrences").json
        assert occurrence["status"] == "retrying"
        assert "QHRONOS_ENCRYPTION_KEY" in occurrence["error_message"]
        assert api.get(f"/events/{one}").json["has_hmac_secret"] is True
        assert api.put(f"/events/{one}", json={"hmac_secret": OWN}).status_code == 200


def test_sealed_headers_are_good_for_their_own_place_alone(store, raw, draining):
    """Neither those of another event open, nor an event's own signing secret in their place."""
    engine = draining(settings_of(store))
    api = client_of(engine.services)
    with Receiver() as receiver:
        event = {"name": "a", "webhook": receiver.url("/"), "start_time": soon()}
        event |= {"hmac_secret": OWN, "headers": {"Authorization": HEADER}}
        ids = [api.post("/events", json=event).json["id"] for _ in range(2)]
        keys = [b"qh:{0}:event:" + bytes.fromhex(one.replace("-", "")) for one in ids]
        raw.hset(keys[0], "hdr", raw.hget(keys[1], "hdr"))
        raw.hset(keys[1], "hdr", raw.hget(keys[1], "sec"))
        drain_until(engine, lambda: all(is_tried(api, one) for one in ids))
        assert receiver.requests == []
    for one in ids:
        (occurrence,) = api.get(f"/events/{one}/occurrences").json
        assert "QHRONOS_ENCRYPTION_KEY" in occurrence["error_message"]
        again = {"headers": {"Authorization": "***"}}
        assert api.put(f"/events/{one}", json=again).status_code == 400
        assert api.put(f"/events/{one}", json={"headers": {"X-A": "1"}}).status_code == 200


def test_the_key_is_changed_without_a_gap(store, raw):
    """Old secrets open while the old key is named; after a re-encryption it can go."""
    old = build_services(settings_of(store))
    body = {"name": "a", "webhook": "https://example.com/", "start_time": "2031-01-01T00:00:00Z"}
    with_secret, maker = {**body, "hmac_secret": OWN}, client_of(old)
    with_headers = {**body, "headers": {"Authorization": HEADER}}
    headers = maker.post("/events", json=with_headers).json["id"]
    ids = [maker.post("/events", json=with_secret).json["id"] for _ in range(600)]
    new_key = {"encryption_key": "another-encryption-key-of-the-tests!"}
    assert_only_harms_itself(build_services(settings_of(store, **new_key)), raw, with_secret)
    both = build_services(
        settings_of(store, **new_key, encryption_key_previous=SECRETS["encryption_key"])
    )
    reader = client_of(both)
    before = {one: reader.get(f"/events/{one}").headers["ETag"] for one in ids[:3]}
    assert Engine(both).reencrypt() == (601, ())
    assert Engine(both).reencrypt() == (0, ())
    new = build_services(settings_of(store, **new_key))
    api = client_of(new)
    assert {one: api.get(f"/events/{one}").headers["ETag"] for one in before} == before
    event = new.storage.events.get(bytes.fromhex(ids[0].replace("-", "")))
    assert new.crypto.signing_secrets.of(event.id, event.hmac_secret, 0) == (OWN,)
    event = new.storage.events.get(bytes.fromhex(headers.replace("-", "")))
    assert new.crypto.header_secrets.of(event.id, event.headers.encrypted) == (
        ("Authorization", HEADER),
    )
    assert_only_harms_itself(build_services(settings_of(store)), raw, with_secret)


def assert_only_harms_itself(stray: Services, raw: redis.Redis, with_secret: object) -> None:
    """A process with a wrong key serves what needs none, refuses the rest, and leaves no trace."""
    before = raw.hgetall("qh:meta")
    api = client_of(stray)
    for refused in (api.get("/health"), api.post("/events", json=with_secret)):
        assert refused.status_code == 503
        assert "QHRONOS_ENCRYPTION_KEY" in refused.json["error"]
    plain = {"name": "a", "webhook": "https://example.com/", "start_time": "2031-01-01T00:00:00Z"}
    assert api.post("/events", json=plain).status_code == 201
    assert api.get("/events").status_code == 200
    with pytest.raises(ConfigError, match="Nothing was changed"):
        Engine(stray).reencrypt()
    assert raw.hgetall("qh:meta") == before


def test_a_delivery_whose_key_a_worker_lacks_is_left_to_others(store, raw, draining, caplog):
    """No attempt is used up; whoever has the key delivers it."""
    with Receiver() as receiver:
        good = draining(settings_of(store))
        event = {"name": "a", "webhook": receiver.url("/"), "start_time": soon()}
        event |= {"hmac_secret": OWN, "retry": {"attempts": 1}}
        one = client_of(good.services).post("/events", json=event).json["id"]
        stray = draining(settings_of(store, encryption_key="x" * 32))
        api = client_of(good.services)
        drain_until(stray, lambda: "lacks the encryption key" in caplog.text)
        assert receiver.requests == []

        def outcome() -> tuple[str, int]:
            (found,) = api.get(f"/events/{one}/occurrences").json
            return found["status"], found["attempt_count"]

        drain_until(good, lambda: outcome() == ("completed", 1))


def test_without_a_key_of_its_own_it_follows_from_the_jwt_secret(store, raw):
    """So nothing is in clear; and a key that is set later takes over without losing anything."""
    derived = build_services(settings_of(store, encryption_key=""))
    body = {"name": "a", "webhook": "https://example.com/", "start_time": "2031-01-01T00:00:00Z"}
    one = client_of(derived).post("/events", json={**body, "hmac_secret": OWN}).json["id"]
    raw_id = bytes.fromhex(one.replace("-", ""))
    assert OWN.encode() not in b"".join(raw.hgetall(b"qh:{0}:event:" + raw_id).values())
    later = build_services(settings_of(store))
    event = later.storage.events.get(raw_id)
    assert later.crypto.signing_secrets.of(event.id, event.hmac_secret, 0) == (OWN,)
    other = build_services(settings_of(store, encryption_key="", jwt_secret="x" * 32))
    refused = client_of(other).post("/events", json={**body, "hmac_secret": OWN})
    assert refused.status_code == 503
    assert "QHRONOS_JWT_SECRET" in refused.json["error"]


def test_the_secrets_of_tags_move_to_a_new_key_too(store, raw):
    """They are encrypted like those of events, and are lost like them with their key."""
    old = build_services(settings_of(store))
    assert client_of(old).put("/signing-secrets/red", json={"secret": OWN}).status_code == 201
    assert OWN.encode() not in b"".join(raw.hgetall(b"qh:{secrets}").values())
    new_key = {"encryption_key": "another-encryption-key-of-the-tests!"}
    both = build_services(
        settings_of(store, **new_key, encryption_key_previous=SECRETS["encryption_key"])
    )
    _ = both.storage.events
    assert Engine(both).reencrypt() == (1, ())
    new = build_services(settings_of(store, **new_key))
    new.tag_secrets.refresh()
    later_ms = new.clock.now_ms() + 2 * 86_400_000
    assert new.crypto.signing_secrets.of(b"e" * 16, None, later_ms, ("red",)) == (OWN,)
