"""What each process of ``make run`` is told of the settings."""

from __future__ import annotations

from app.runtime.environments import of_inbox, without_settings
from app.setting_variables import load_settings

EVERYTHING = {
    "PATH": "/bin",
    "QHRONOS_MASTER_TOKEN": "m" * 32,
    "QHRONOS_JWT_SECRET": "j" * 32,
    "QHRONOS_SIGNING_SECRET": "s" * 32,
    "QHRONOS_ENCRYPTION_KEY_FILE": "/run/secrets/key",
    "QHRONOS_REDIS_URL": "redis://:password@host",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=token",
}


def test_a_program_that_is_not_ours_is_told_nothing() -> None:
    assert without_settings(EVERYTHING) == {"PATH": "/bin"}


def test_the_inbox_is_told_what_it_checks_signatures_with() -> None:
    told = of_inbox(EVERYTHING)
    assert told == {"PATH": "/bin", "QHRONOS_SIGNING_SECRET": "s" * 32}
    assert load_settings(told).signing_secret == "s" * 32
    assert of_inbox({"QHRONOS_SIGNING_SECRET_FILE": "a"}) == {"QHRONOS_SIGNING_SECRET_FILE": "a"}
