"""A store that does not fit serves no request: whoever asks is told why."""

from __future__ import annotations

import pytest
import redis

from app.store import keys
from app.store.meta_field import MetaField
from tests.api.application import MASTER_TOKEN, with_token


@pytest.mark.parametrize("path", ["/health", "/status", "/events", "/tokens"])
def test_a_store_of_a_later_version_is_unhealthy(app_with, redis_client: redis.Redis, path):
    """Also where the process began while the store was away, so that nobody saw it at the start."""
    redis_client.hset(keys.META.decode(), MetaField.SCHEMA, "99")
    client = with_token(app_with(), MASTER_TOKEN)
    answer = client.get(path)
    assert answer.status_code == 503
    assert "A later version of Qhronos has used this store" in answer.json["error"]
    assert client.get("/openapi.json").status_code == 200


def test_once_it_fits_requests_are_served(app_with, redis_client: redis.Redis):
    redis_client.hset(keys.META.decode(), MetaField.SCHEMA, "99")
    client = with_token(app_with(), MASTER_TOKEN)
    assert client.get("/health").status_code == 503
    redis_client.flushall()
    assert client.get("/health").status_code == 200
    assert client.get("/events").status_code == 200
