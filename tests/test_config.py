"""Settings are read from variables, files or .env, and every wrong one is named at once."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import Settings
from app.domain.targets import TargetPolicy
from app.errors import ConfigError
from app.setting_readers import RateLimit, environment
from app.setting_variables import READERS, load_settings, production_settings
from tests.support.certificates import Authority

LONG = "x" * 32


def test_nothing_set_gives_the_defaults() -> None:
    assert load_settings({}) == Settings()


def test_an_empty_value_means_the_default() -> None:
    assert load_settings({"QHRONOS_PORT": "", "QHRONOS_LOG_LEVEL": "  "}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("HOST", "::1", "host", "::1"),
        ("PORT", " 9000 ", "port", 9000),
        ("REDIS_URL", "redis://:pw@host:6379/1", "redis_url", "redis://:pw@host:6379/1"),
        ("REDIS_URL", "unix:///run/store", "redis_url", "unix:///run/store"),
        ("BROKER_URL", "rediss://host", "broker_url", "rediss://host"),
        ("DATA_DIR", "/var/lib/q", "data_dir", Path("/var/lib/q")),
        ("ALLOW_PRIVATE_TARGETS", "true", "allow_private_targets", TargetPolicy(allow_all=True)),
        ("ALLOW_PRIVATE_TARGETS", "false", "allow_private_targets", TargetPolicy()),
        (
            "ALLOW_PRIVATE_TARGETS",
            "10.0.0.0/8, ::1/128",
            "allow_private_targets",
            TargetPolicy(
                allowed=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))
            ),
        ),
        ("DELIVERY_TIMEOUT", "2500ms", "delivery_timeout_ms", 2_500),
        ("LEASE", "1m30s", "lease_ms", 90_000),
        ("RETENTION_EVENTS", "30d", "retention_events_ms", 30 * 86_400_000),
        ("INDEXED_METADATA", "customer, order id", "indexed_metadata", ("customer", "order id")),
        ("RATE_LIMIT", "600/minute", "rate_limit", RateLimit(600, 60)),
        ("RATE_LIMIT", "5 / seconds", "rate_limit", RateLimit(5, 1)),
        ("METRICS_PUBLIC", "true", "metrics_public", True),
        ("METRICS_TAGS", "b|c, a b", "metrics_tags", ("a b", "b|c")),
        ("METRICS_TARGETS", "B.example, 10.0.0.7", "metrics_targets", ("10.0.0.7", "b.example")),
        ("LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("LOG_FORMAT", "JSON", "log_format", "json"),
        ("MASTER_TOKEN", "12345678", "master_token", "12345678"),
        ("JWT_SECRET", LONG, "jwt_secret", LONG),
        ("JWT_SECRET_PREVIOUS", LONG, "jwt_secret_previous", LONG),
        ("ENCRYPTION_KEY", LONG, "encryption_key", LONG),
        ("RETENTION_PER_EVENT", "100", "retention_per_event", 100),
        ("RETENTION_MAX_BYTES", "1073741824", "retention_max_bytes", 1 << 30),
        ("ARCHIVE_URL", "archive", "archive_url", "archive"),
        ("ARCHIVE_URL", "/srv/archive", "archive_url", "/srv/archive"),
        ("ARCHIVE_URL", "s3://bucket/path", "archive_url", "s3://bucket/path"),
        ("RETENTION_AUDIT", "90d", "retention_audit_ms", 90 * 86_400_000),
        ("AUDIT_MAX_BYTES", "1073741824", "audit_max_bytes", 1 << 30),
        ("MAX_EVENTS_PER_SUB", "100", "max_events_per_sub", 100),
        ("MAX_OCCURRENCES_PER_MINUTE", "0", "max_occurrences_per_minute", 0),
        ("TENANT_WEIGHTS", "acme=4,other=2", "tenant_weights", (("acme", 4), ("other", 2))),
        ("DOCS_PUBLIC", "false", "docs_public", False),
        (
            "TRUSTED_PROXIES",
            "10.0.0.7, fd00::/64",
            "trusted_proxies",
            (ipaddress.ip_network("10.0.0.7/32"), ipaddress.ip_network("fd00::/64")),
        ),
        ("PUBLIC_URL", "https://q.example", "public_url", "https://q.example"),
        ("PUBLIC_URL", "http://[::1]:8080/a/b/", "public_url", "http://[::1]:8080/a/b"),
        (
            "CORS_ORIGINS",
            "https://a.example, http://localhost:3000,http://[::1]:80",
            "cors_origins",
            ("https://a.example", "http://localhost:3000", "http://[::1]"),
        ),
    ],
)
def test_a_good_value_is_read(name: str, text: str, field: str, value: object) -> None:
    assert getattr(load_settings({f"QHRONOS_{name}": text}), field) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "80a"),
        ("PORT", "-1"),
        ("PORT", "８０８０"),  # noqa: RUF001 - digits, but not ASCII
        ("PORT", "1e3"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "http://host"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis://host:port"),
        ("BROKER_URL", "redis://host:99999"),
        ("BROKER_URL", "redis+cluster://host"),
        ("MASTER_TOKEN", "short"),
        ("JWT_SECRET", "x" * 31),
        ("JWT_SECRET_PREVIOUS", "x" * 31),
        ("ENCRYPTION_KEY", "x" * 31),
        ("ENCRYPTION_KEY_PREVIOUS", "short"),
        ("SIGNING_PRIVATE_KEY", "whsk_c2hvcnQ="),
        ("SIGNING_PRIVATE_KEY", "no key at all"),
        ("TRUSTED_PROXIES", "2"),
        ("TRUSTED_PROXIES", "10.0.0.7/8"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,0.0.0.0/0"),
        ("TRUSTED_PROXIES", "::/0"),
        ("PUBLIC_URL", "q.example"),
        ("PUBLIC_URL", "ftp://q.example"),
        ("PUBLIC_URL", "https://user@q.example"),
        ("PUBLIC_URL", "https://q.example:99999"),
        ("PUBLIC_URL", "https://q.example/?a"),
        ("PUBLIC_URL", "https://q.example//a"),
        ("PUBLIC_URL", "https://q.example/#a"),
        ("CORS_ORIGINS", "*"),
        ("INDEXED_METADATA", "a:b"),
        ("INDEXED_METADATA", "x" * 65),
        ("INDEXED_METADATA", ",".join("abcdefghijk")),
        ("CORS_ORIGINS", "null"),
        ("CORS_ORIGINS", "https://a.example/"),
        ("CORS_ORIGINS", "https://*.example"),
        ("CORS_ORIGINS", "a.example"),
        ("MAX_OCCURRENCES_PER_MINUTE", "61"),
        ("MAX_EVENTS_PER_SUB", "-1"),
        ("DOCS_PUBLIC", "no"),
        ("RETENTION_AUDIT", "forever"),
        ("SIGNING_SECRET", "1234567"),
        ("WORKERS", "0"),
        ("WORKERS", "two"),
        ("WEB_WORKERS", "257"),
        ("WEB_THREADS", "0"),
        ("PARTITIONS", "0"),
        ("PARTITIONS", "99999"),
        ("ALLOW_PRIVATE_TARGETS", "yes"),
        ("ALLOW_PRIVATE_TARGETS", "10.0.0.1/8"),
        ("DELIVERY_TIMEOUT", "0s"),
        ("DELIVERY_TIMEOUT", "1 hour"),
        ("DELIVERY_CONCURRENCY", "0"),
        ("LEASE", "10ms"),
        ("LEASE", "-30s"),
        ("RETENTION_OCCURRENCES", "forever"),
        ("RETENTION_EVENTS", "0"),
        ("RETENTION_PER_EVENT", "-1"),
        ("RETENTION_PER_EVENT", "all"),
        ("RETENTION_MAX_BYTES", "1GB"),
        ("ARCHIVE_URL", "s3:bucket"),
        ("ARCHIVE_URL", "s3://"),
        ("ARCHIVE_URL", "://bucket"),
        ("ARCHIVE_URL", "memory://lost"),
        ("RATE_LIMIT", "600"),
        ("RATE_LIMIT", "0/minute"),
        ("RATE_LIMIT", "600/fortnight"),
        ("MAX_BODY_BYTES", "10"),
        ("METRICS_PUBLIC", "1"),
        ("METRICS_TAGS", "other"),
        ("METRICS_TAGS", ",".join("abcdefghijklmnopqrstu")),
        ("METRICS_TARGETS", "https://a.example"),
        ("METRICS_TARGETS", "a.example/b"),
        ("METRICS_TARGETS", "other"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_value_is_named(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"^Wrong settings: QHRONOS_{name} .+") as raised:
        load_settings({f"QHRONOS_{name}": text})
    assert "\n" not in raised.value.message


def test_a_store_that_is_a_cluster_needs_a_broker_beside_it() -> None:
    store = {"QHRONOS_REDIS_URL": "redis+cluster://h1,h2"}
    with pytest.raises(ConfigError, match="set QHRONOS_BROKER_URL to one server"):
        load_settings(store)
    broker = {"QHRONOS_BROKER_URL": "redis://host"}
    assert load_settings(store | broker).broker == "redis://host"


def test_every_wrong_value_is_named_in_one_message() -> None:
    with pytest.raises(ConfigError) as raised:
        load_settings({"QHRONOS_PORT": "x", "QHRONOS_LEASE": "y", "QHRONOS_HOST": "ok"})
    assert "QHRONOS_PORT must" in raised.value.message
    assert "QHRONOS_LEASE must" in raised.value.message
    assert "QHRONOS_HOST" not in raised.value.message


def test_the_value_of_a_wrong_secret_is_not_shown() -> None:
    with pytest.raises(ConfigError) as raised:
        load_settings({"QHRONOS_JWT_SECRET": "hunter2"})
    assert "hunter2" not in raised.value.message


class TestFiles:
    def test_a_value_is_read_from_the_file_that_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("from a file\n")
        loaded = load_settings({"QHRONOS_MASTER_TOKEN_FILE": str(tmp_path / "secret")})
        assert loaded.master_token == "from a file"

    def test_a_file_that_is_not_there_is_named_by_its_variable(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="QHRONOS_PORT_FILE names a file"):
            load_settings({"QHRONOS_PORT_FILE": str(tmp_path / "absent")})

    def test_a_value_and_a_file_at_once_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "port").write_text("1")
        with pytest.raises(ConfigError, match="is set twice"):
            load_settings({"QHRONOS_PORT": "1", "QHRONOS_PORT_FILE": str(tmp_path / "port")})

    @pytest.mark.parametrize(
        "written",
        [b"a secret text", b"\xef\xbb\xbfa secret text", b"  a secret text \r\n\r\n",
         "\xa0a secret text\u2029".encode()],
    )  # fmt: skip
    def test_what_an_editor_adds_is_no_part_of_a_secret(
        self, tmp_path: Path, written: bytes
    ) -> None:
        """It would be a part of the token, and every caller would be refused for ever."""
        (tmp_path / "secret").write_bytes(written)
        loaded = load_settings({"QHRONOS_MASTER_TOKEN_FILE": str(tmp_path / "secret")})
        assert loaded.master_token == "a secret text"

    @pytest.mark.parametrize(
        ("written", "says"),
        [
            (b"", "empty"),
            (b"\xef\xbb\xbf\r\n", "empty"),
            (b'"a secret text"', "quotes"),
            (b"'a secret text'\n", "quotes"),
            ("\u201ca secret text\u201d".encode(), "quotes"),
            (b"a secret\0text", "can't be seen"),
            (b"a secret text\0\n", "can't be seen"),
            (b"a secret\r\ntext", "can't be seen"),
            ("a secret text\u200b".encode(), "can't be seen"),
            (b"\x1b[0ma secret text", "can't be seen"),
            ("a secret text".encode("utf-16"), "no UTF-8"),
            ("a secret text".encode("utf-16-le"), "can't be seen"),
            ("a sécret text".encode("latin-1"), "no UTF-8"),
            (b"a secret text" * 10_000, "more than 65536 bytes"),
        ],
        ids=lambda value: repr(value)[:30],
    )
    def test_what_would_be_a_part_of_a_secret_unseen_is_refused_by_name(
        self, tmp_path: Path, written: bytes, says: str
    ) -> None:
        (tmp_path / "secret").write_bytes(written)
        with pytest.raises(ConfigError, match=r"QHRONOS_MASTER_TOKEN (is|holds)") as refused:
            load_settings({"QHRONOS_MASTER_TOKEN_FILE": str(tmp_path / "secret")})
        assert says in refused.value.message
        assert "secret" not in refused.value.message

    def test_a_directory_in_the_place_of_a_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="QHRONOS_PORT_FILE names a file"):
            load_settings({"QHRONOS_PORT_FILE": str(tmp_path)})


@pytest.mark.parametrize("name", ["MASTER_TOKEN", "HOST", "PORT", "REDIS_URL"])
@pytest.mark.parametrize("value", ['"{}"', "'{}'", "{}\0", "{}\u200b", "\u2060{}"])
def test_quotes_and_what_cannot_be_seen_are_refused_in_variables_too(name: str, value: str) -> None:
    """An env file of Docker hands quotes on."""
    good = {"PORT": "8080", "REDIS_URL": "redis://host"}.get(name, "a-good-value")
    with pytest.raises(ConfigError, match=f"QHRONOS_{name} (is in quotes|holds a character)"):
        load_settings({f"QHRONOS_{name}": value.format(good)})


def test_a_mark_before_the_name_of_a_variable_is_named() -> None:
    """An env file with a BOM: its first variable would not be seen."""
    with pytest.raises(ConfigError, match="QHRONOS_PORT has an invisible mark before its name"):
        load_settings({"\ufeffQHRONOS_PORT": "9000"})


@given(st.sampled_from(sorted(READERS)), st.text() | st.from_regex(r"[-0-9a-z:/.,@\[\]]+"))
def test_no_text_of_any_setting_makes_a_traceback(name: str, text: str) -> None:
    with contextlib.suppress(ConfigError):
        load_settings({f"QHRONOS_{name}": text})


class TestTlsOfTheStore:
    """Files that a URL names are looked at when settings are read."""

    @pytest.fixture
    def bundle(self, tmp_path: Path) -> Path:
        return Authority(tmp_path).bundle

    def test_what_is_there_is_taken(self, bundle: Path) -> None:
        url = f"rediss://host?ssl_ca_certs={bundle}&ssl_ca_path={bundle.parent}"
        assert load_settings({"QHRONOS_REDIS_URL": url}).redis_url == url

    @pytest.mark.parametrize(
        ("option", "file"),
        [("ssl_ca_certs", "absent"), ("ssl_ca_certs", "text"), ("ssl_ca_certs", "folder"),
         ("ssl_ca_path", "absent"), ("ssl_ca_path", "folder"), ("ssl_certfile", "authority.pem"),
         ("ssl_certfile", "absent")],
    )  # fmt: skip
    def test_what_is_not_there_or_no_certificate_is_named(
        self, bundle: Path, option: str, file: str
    ) -> None:
        (bundle.parent / "text").write_text("no certificate")
        (bundle.parent / "folder").mkdir()
        url = f"rediss://:hunter22@host?{option}={bundle.parent / file}"
        with pytest.raises(ConfigError, match=rf"QHRONOS_BROKER_URL names .*{option}") as refused:
            load_settings({"QHRONOS_BROKER_URL": url})
        assert "hunter22" not in refused.value.message


class TestDotenv:
    @pytest.mark.parametrize("raw", [b"QHRONOS_PORT=\xff1", "QHRONOS_PORT=1".encode("utf-16")])
    def test_a_file_that_is_no_text_is_named(self, tmp_path: Path, raw: bytes) -> None:
        (tmp_path / ".env").write_bytes(raw)
        with pytest.raises(ConfigError, match=r"\.env can't be read as text"):
            environment({}, tmp_path / ".env")

    def test_its_mark_and_its_quotes_are_no_part_of_it(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfQHRONOS_HOST='a.host'\r\nQHRONOS_PORT=1\r\n")
        settings = load_settings(environment({}, tmp_path / ".env"))
        assert (settings.host, settings.port) == ("a.host", 1)

    def test_the_file_is_read_and_the_real_environment_wins(self, tmp_path: Path) -> None:
        dotenv = tmp_path / ".env"
        dotenv.write_text("QHRONOS_PORT=1000\nQHRONOS_HOST=from.file\nQHRONOS_EMPTY\n")
        merged = environment({"QHRONOS_PORT": "2000"}, dotenv)
        assert (merged["QHRONOS_PORT"], merged["QHRONOS_HOST"]) == ("2000", "from.file")
        assert merged["QHRONOS_EMPTY"] == ""

    def test_no_file_changes_nothing(self, tmp_path: Path) -> None:
        assert environment({"A": "b"}, tmp_path / "absent") == {"A": "b"}

    def test_the_example_names_every_setting_with_its_default(self, tmp_path: Path) -> None:
        text = (Path(__file__).parents[1] / ".env.example").read_text()
        lines = [line[1:] for line in text.splitlines() if line.startswith("#QHRONOS_")]
        named = {line.partition("=")[0].removeprefix("QHRONOS_") for line in lines}
        fields = dataclasses.fields(Settings)
        assert named == {field.name.removesuffix("_ms").upper() for field in fields}
        for content in (text, "\n".join(lines)):
            (tmp_path / ".env").write_text(content)
            assert load_settings(environment({}, tmp_path / ".env")) == Settings()


class TestProduction:
    def test_every_missing_secret_is_named(self) -> None:
        with pytest.raises(ConfigError) as raised:
            Settings(jwt_secret=LONG).require_secrets()
        assert "QHRONOS_MASTER_TOKEN, QHRONOS_SIGNING_SECRET" in raised.value.message
        assert "JWT" not in raised.value.message

    def test_all_secrets_and_a_store_are_enough(self) -> None:
        settings = Settings(
            master_token=LONG, jwt_secret=LONG, signing_secret=LONG, redis_url="redis://host"
        )
        settings.require_secrets()
        settings.require_store()

    def test_a_missing_store_is_named(self) -> None:
        with pytest.raises(ConfigError, match="QHRONOS_REDIS_URL"):
            Settings().require_store()


def test_secrets_are_not_in_the_representation() -> None:
    assert "hidden" not in repr(
        Settings(
            master_token="hidden",
            jwt_secret="hidden",
            signing_secret="hidden",
            redis_url="redis://:hidden@host",
            broker_url="redis://:hidden@host",
        )
    )


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


def test_a_signing_secret_that_is_none_is_named() -> None:
    """Every delivery would fail with it."""
    with pytest.raises(ConfigError, match="QHRONOS_SIGNING_SECRET must be base64"):
        load_settings({"QHRONOS_SIGNING_SECRET": "whsec_@@@@@@@@@@"})


def test_a_production_start_needs_secrets_and_a_store(tmp_path: Path, monkeypatch) -> None:
    """With ``.env`` under the environment: what stands in both is the environment's."""
    monkeypatch.chdir(tmp_path)
    secrets = {"MASTER_TOKEN": LONG, "JWT_SECRET": LONG, "SIGNING_SECRET": LONG}
    environ = {f"QHRONOS_{name}": value for name, value in secrets.items()}
    with pytest.raises(ConfigError, match="MASTER_TOKEN"):
        production_settings({"QHRONOS_REDIS_URL": "redis://host"})
    with pytest.raises(ConfigError, match="REDIS_URL"):
        production_settings(environ)
    (tmp_path / ".env").write_text("QHRONOS_REDIS_URL=redis://host/1\nQHRONOS_PORT=9000\n")
    settings = production_settings({**environ, "QHRONOS_PORT": "9001"})
    assert (settings.redis_url, settings.port) == ("redis://host/1", 9001)
    every = {**environ, "QHRONOS_PARTITIONS": "4096"}
    assert production_settings(every).partitions == 4_096
    with pytest.raises(ConfigError, match="CANARY needs a partition of its own"):
        production_settings({**every, "QHRONOS_CANARY": "1m"})
