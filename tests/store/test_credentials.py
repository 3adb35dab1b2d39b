"""A password in a file may be changed while everything runs, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from app.config import Settings
from app.domain.logins import Login
from app.domain.secret import FileSecret, SecretText
from app.errors import ConfigError, StoreUnavailable
from app.setting_variables import load_settings
from app.store.brokers import connect_broker_briefly
from app.store.causes import Heals
from app.store.connecting import connect
from app.store.credentials import LoginCredentials
from app.store.probe import probe

USER = "rotating"


@pytest.fixture
def operator(redis_client: redis.Redis) -> Iterator[redis.Redis]:
    """Changes the password of a user."""
    redis_client.execute_command("ACL SETUSER", USER, "on", ">first", "~*", "&*", "+@all")
    yield redis_client
    redis_client.execute_command("ACL DELUSER", USER)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "password"
    made.write_text("first\n")
    return made


@pytest.fixture
def settings(store_url: str, file: Path) -> Settings:
    return load_settings(
        {
            "QHRONOS_REDIS_URL": store_url.replace("unix://", f"unix://{USER}@"),
            "QHRONOS_REDIS_PASSWORD_FILE": str(file),
        }
    )


def test_new_connections_take_the_new_one(
    operator: redis.Redis, settings: Settings, file: Path
) -> None:
    """Those that are open stay so; one that the server closes comes back with the new one."""
    client = connect(settings.redis_url, settings.store_login)
    broker = connect_broker_briefly(settings.broker, settings.broker_login)
    assert client.direct("ACL WHOAMI") == USER.encode()
    assert broker.ping()
    operator.execute_command("ACL SETUSER", USER, ">second", "<first")
    assert client.direct("PING") == b"PONG"
    operator.client_kill_filter(_type="normal", skipme=True)
    with pytest.raises(StoreUnavailable):
        client.direct("PING")
    file.write_text("second\n")
    assert client.direct("ACL WHOAMI") == USER.encode()
    assert client.set("a", "1")
    assert broker.ping()
    client.close()
    broker.close()


def test_one_that_is_let_in_no_more_logs_in_again(
    operator: redis.Redis, settings: Settings, file: Path
) -> None:
    """The server may log out a connection and keep it: it answers NOAUTH to the next command."""
    operator.execute_command("ACL SETUSER", "default", "resetpass", ">admins")
    try:
        with connect(settings.redis_url, settings.store_login) as client:
            client.direct("PING")
            client._own_connection().send_command("RESET", check_health=False)
            assert client._own_connection().read_response() in (b"RESET", "RESET")
            assert client.direct("ACL WHOAMI") == USER.encode()
    finally:
        operator.execute_command("ACL SETUSER", "default", "nopass")
    assert file.exists()


def test_a_file_that_is_being_written_changes_nothing(file: Path) -> None:
    credentials = LoginCredentials("", FileSecret.of("first", str(file)))
    assert credentials.get_credentials() == ("first",)
    file.write_text("")
    assert credentials.get_credentials() == ("first",)
    file.unlink()
    assert credentials.get_credentials() == ("first",)
    file.write_text("second")
    assert credentials.get_credentials() == ("second",)
    assert credentials.may_change


def test_one_from_a_variable_stays() -> None:
    credentials = LoginCredentials("user", SecretText("given"))
    assert credentials.get_credentials() == ("user", "given")
    assert not credentials.may_change


def test_two_passwords_are_refused(file: Path) -> None:
    for name in ("REDIS", "BROKER"):
        with pytest.raises(ConfigError) as refused:
            load_settings(
                {
                    f"QHRONOS_{name}_URL": "redis://user:hunter-22@host",
                    f"QHRONOS_{name}_PASSWORD_FILE": str(file),
                }
            )
        assert f"QHRONOS_{name}_PASSWORD is set, and" in refused.value.message
        assert "hunter-22" not in refused.value.message


def test_a_wrong_one_is_told_by_its_variable(
    operator: redis.Redis, settings: Settings, file: Path
) -> None:
    file.write_text("wrong")
    cause = probe(
        settings.redis_url, "QHRONOS_REDIS_URL", runs_scripts=True, login=settings.store_login
    )
    assert cause is not None
    assert (
        "does not take the user of QHRONOS_REDIS_URL and the password of "
        "QHRONOS_REDIS_PASSWORD_FILE" in cause.sentence
    )
    assert cause.heals is Heals.PERHAPS
    assert operator.ping()


def test_nothing_of_it_is_shown(settings: Settings) -> None:
    assert "first" not in repr(settings)
    assert "first" not in repr(settings.store_login)
    assert Login() == Login(SecretText())
