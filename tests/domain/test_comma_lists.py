"""Settings that are lists: what can only be a mistake is refused, whatever the list is of."""

from __future__ import annotations

import pytest

from app.domain.comma_lists import metric_hosts, origins
from app.domain.free_space import parse_free_space
from app.domain.signing_keys import signing_keys
from app.domain.targets import TargetPolicy
from app.errors import ConfigError, InvalidInput
from app.setting_variables import load_settings

KEYS = ("whsk_" + "A" * 43 + "=", "whsk_" + "B" * 42 + "A=")
PARTS = {
    "ALLOW_PRIVATE_TARGETS": ("10.0.0.0/8", "::1/128"),
    "CORS_ORIGINS": ("https://a.example", "https://b.example:8443"),
    "DISK_FREE": ("5%", "1GiB"),
    "DURABILITY": ("fsync", "replicated"),
    "INDEXED_METADATA": ("customer", "order_id"),
    "MAIL_DOMAINS": ("a.example", "b.example"),
    "METRICS_TAGS": ("billing", "reports"),
    "METRICS_TARGETS": ("a.example", "10.0.0.7"),
    "SIGNING_PRIVATE_KEY": KEYS,
    "TENANT_WEIGHTS": ("acme=4", "other=2"),
    "TRUSTED_PROXIES": ("10.0.0.7/32", "fd00::/64"),
}
"""Of each setting that is a list, two parts."""

TWICE_IS_REFUSED = {
    *("DISK_FREE", "INDEXED_METADATA", "METRICS_TAGS", "METRICS_TARGETS"),
    *("SIGNING_PRIVATE_KEY", "TENANT_WEIGHTS"),
}
"""Where one part twice leaves open what is meant. Elsewhere it means the same as once."""


def parts_read(name: str, text: str) -> object:
    """What is read from a setting, whatever the order."""
    value = getattr(load_settings({f"QHRONOS_{name}": text}), name.lower())
    if name == "DISK_FREE":
        return parse_free_space(value)
    if name == "SIGNING_PRIVATE_KEY":
        return {key.id for key in signing_keys(value)}
    return set(value.allowed if isinstance(value, TargetPolicy) else value)


def refusal(name: str, text: str) -> str:
    """The one sentence that refuses a setting."""
    with pytest.raises(ConfigError) as refused:
        load_settings({f"QHRONOS_{name}": text})
    assert refused.value.message.startswith(f"Wrong settings: QHRONOS_{name} must ")
    return refused.value.message


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("form", ["{}{}{}", " {} {} {} "])
def test_parts_with_a_comma_between_are_read_whatever_blanks_are_around(
    name: str, form: str
) -> None:
    first, second = PARTS[name]
    found = parts_read(name, form.format(first, ",", second))
    assert found == parts_read(name, f"{first},{second}") != parts_read(name, first)


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("between", [";", "; ", " ; "])
def test_a_semicolon_between_them_is_refused(name: str, between: str) -> None:
    message = refusal(name, between.join(PARTS[name]))
    assert "," in message or name == "SIGNING_PRIVATE_KEY", "an example shows what to write"


@pytest.mark.parametrize("name", PARTS.keys() - {"INDEXED_METADATA", "METRICS_TAGS"})
@pytest.mark.parametrize("between", [" ", "|", "\uff0c", " and "])
def test_other_signs_are_refused_where_they_cannot_be_a_part_of_a_name(
    name: str, between: str
) -> None:
    refusal(name, between.join(PARTS[name]))


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("form", ["{},", ",{}", "{},,{}", "{}, ,{}"])
def test_an_empty_part_is_refused(name: str, form: str) -> None:
    refusal(name, form.format(*PARTS[name]))


@pytest.mark.parametrize("name", PARTS)
def test_a_part_twice_is_refused_where_it_is_not_the_same_as_once(name: str) -> None:
    first, _ = PARTS[name]
    if name in TWICE_IS_REFUSED:
        refusal(name, f"{first},{first}")
    else:
        assert parts_read(name, f"{first}, {first}") == parts_read(name, first)


@pytest.mark.parametrize(
    "text", ["a.example:443", "[::1]", "1:2", "a.example b.example", "https://a.example", "a;b"]
)
def test_a_host_that_no_target_can_have_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="hosts without ports, each once, with commas between"):
        metric_hosts(text)


def test_an_address_is_a_host() -> None:
    assert metric_hosts("::1,10.0.0.7,B.example") == ("10.0.0.7", "::1", "b.example")


def test_origins_are_as_browsers_send_them() -> None:
    written = "https://a.example:443,http://b.example:80,https://c.example:80,http://[::1]:443"
    read = ("https://a.example", "http://b.example", "https://c.example:80", "http://[::1]:443")
    assert origins(written) == read


@pytest.mark.parametrize("port", ["0", "65536", "99999", ""])
def test_an_origin_with_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(InvalidInput, match="must be exact origins with commas between"):
        origins(f"https://a.example:{port}")
