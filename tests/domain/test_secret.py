"""A secret is a text to who uses it, and stars to who writes it down."""

from __future__ import annotations

import json
import logging

from app.config import Settings
from app.domain.secret import MASK, SecretText
from app.logs import json_formatter


def test_it_is_the_text_that_it_was_made_of() -> None:
    secret = SecretText("correct horse")
    assert secret == "correct horse"
    assert f"Bearer {secret}" == "Bearer correct horse"


def test_what_holds_it_can_be_shown() -> None:
    assert "horse" not in repr(SecretText("correct horse"))
    assert "horse" not in repr({"key": [SecretText("correct horse")]})


def test_a_line_of_the_log_has_stars_in_its_place_however_deep_it_stands() -> None:
    record = logging.makeLogRecord({"msg": "made", "deep": {"one": [SecretText("correct horse")]}})
    assert json.loads(json_formatter().format(record))["deep"] == {"one": [MASK]}


def test_the_settings_know_which_of_them_are_secrets() -> None:
    settings = Settings(jwt_secret="j" * 32, encryption_key="k" * 32)
    assert settings.secrets == ["j" * 32, "k" * 32]
    assert "jjjj" not in repr(settings)
