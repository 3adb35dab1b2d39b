"""Which URLs can be targets, and which addresses may be reached."""

# ruff: noqa: RUF001 - digits of other scripts are among the subjects

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.addresses import DENIED_V4, DENIED_V6, is_allowed, literal_address
from app.domain.targets import TargetPolicy, ascii_url, check_target, check_url, origin
from app.errors import InvalidInput

PUBLIC_ONLY = TargetPolicy()
EVERYTHING = TargetPolicy(allow_all=True)


def allowing(*networks):
    return TargetPolicy(allowed=tuple(ipaddress.ip_network(text) for text in networks))


LOCAL = allowing("127.0.0.0/8", "::1/128")


@pytest.mark.parametrize("network", [*DENIED_V4, *DENIED_V6], ids=str)
def test_the_first_and_last_address_of_every_denied_network_are_refused(network):
    for address in (network[0], network[-1]):
        assert not is_allowed(address, PUBLIC_ONLY)
        assert is_allowed(address, EVERYTHING)


@pytest.mark.parametrize("network", DENIED_V4, ids=str)
def test_a_denied_address_is_refused_in_every_ipv6_form_that_carries_it(network):
    number = int(network[-1])
    for form in (
        0xFFFF << 32 | number,  # mapped
        number,  # compatible
        0x64FF9B << 96 | number,  # NAT64
        0x2002 << 112 | number << 80,  # 6to4
    ):
        assert not is_allowed(ipaddress.IPv6Address(form), PUBLIC_ONLY)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.100.100.200", "224.0.0.1", "255.255.255.255", "198.19.0.1", "::", "::1", "fe80::1",
        "fe80::1%eth0", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:10.0.0.1", "::10.0.0.1",
        "64:ff9b::a00:1", "64:ff9b::808:808", "2002:7f00:1::", "2002:808:808::1", "2001::1",
        "2001:10::1", "2001:20::1", "2001:db8::1", "3fff::1", "5f00::1", "100::1", "4000::1",
        "8000::1", "1000::1", "::ffff:0:8.8.8.8", "::8.8.8.8", "not an address", "",
        "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.51.100.1", "203.0.113.1", "240.0.0.1",
        "64:ff9b:1::1", "100:0:0:1::1", "2001:1ff::1", "febf::1", "ff0e::1", "2002:a00:1::",
    ],
)  # fmt: skip
def test_what_is_not_public_is_refused(address):
    assert not is_allowed(address, PUBLIC_ONLY)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1",
        "192.0.1.1", "198.17.255.255", "198.20.0.1", "223.255.255.255", "11.0.0.1", "9.255.255.255",
        "128.0.0.1", "::ffff:8.8.8.8", "2606:4700:4700::1111", "2001:4860:4860::8888", "2a00::1",
    ],
)  # fmt: skip
def test_what_is_public_is_allowed(address):
    assert is_allowed(address, PUBLIC_ONLY)


def test_a_policy_opens_the_networks_that_it_lists_and_no_others():
    assert is_allowed("127.0.0.1", LOCAL)
    assert is_allowed("::1", LOCAL)
    assert is_allowed("::ffff:127.0.0.1", LOCAL)
    assert is_allowed("8.8.8.8", LOCAL)
    assert not is_allowed("10.0.0.1", LOCAL)
    assert not is_allowed("fe80::1", LOCAL)


def test_opening_nat64_does_not_open_the_private_network_behind_it():
    policy = allowing("64:ff9b::/96")
    assert is_allowed("64:ff9b::8.8.8.8", policy)
    assert not is_allowed("64:ff9b::10.0.0.1", policy)


def test_addresses_are_judged_alike_as_text_and_as_objects():
    assert is_allowed(ipaddress.ip_address("8.8.8.8"), PUBLIC_ONLY)
    assert not is_allowed(ipaddress.ip_address("::ffff:127.0.0.1"), PUBLIC_ONLY)


LOOPBACKS = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0X7F.1", "0177.0.0.1", "017700000001",
    "0x7f.0.0.1", "127.0.0.1.", "１２７.0.0.1", "①②⑦.0.0.1", "127。0。0。1",
]  # fmt: skip


@pytest.mark.parametrize("host", LOOPBACKS)
def test_a_literal_is_read_in_every_notation(host):
    assert literal_address(host) == ipaddress.ip_address("127.0.0.1")
    with pytest.raises(InvalidInput, match="private, local or reserved"):
        check_target(f"http://{host}/", PUBLIC_ONLY)
    check_target(f"http://{host}/", LOCAL)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "127.0.0.1.example",
        "1.2.3.4.5",
        "256.0.0.1",
        "4294967296",
        "08.0.0.1",
        "0x",
        "1..1",
        "",
        ".",
        "::g",
        "fe80::1%",
        "9" * 5000,
    ],
)
def test_what_is_no_literal_is_none(host):
    assert literal_address(host) is None


@pytest.mark.parametrize(
    "host", ["[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]"]
)
def test_an_ipv6_literal_is_judged(host):
    with pytest.raises(InvalidInput, match="private, local or reserved"):
        check_target(f"http://{host}:80/", PUBLIC_ONLY)
    check_target(f"http://{host}:80/", LOCAL)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://example.com/hook?a=1&b=%20#part",
        "HTTPS://EXAMPLE.COM:8443/",
        "http://example.com:1/",
        "http://example.com:65535/",
        "http://example.com:/",
        "http://example.com./",
        "http://my_service.example/",
        "http://a-b.example/",
        "http://8.8.8.8/",
        "http://[2606:4700:4700::1111]/",
        "http://bücher.example/straße?q=ü",
        "http://xn--bcher-kva.example/",
        "http://example.com/@user?x=@y",
        "http://single/",
        "https://example.com/" + "x" * 2028,
    ],
)
def test_a_proper_url_is_accepted(url):
    check_url(url)
    check_target(url, PUBLIC_ONLY)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "//example.com/", "ftp://example.com/", "file:///etc/passwd",
        "javascript:alert(1)", "gopher://example.com/", "q:client", "http:", "http:example.com",
        "http:/example.com", "http://", "http:///path", "http://:80/", "http://?x",
        "http://user@example.com/", "http://user:pw@example.com/", "http://@example.com/",
        "http://example.com:0/", "http://example.com:65536/", "http://example.com:99999/",
        "http://example.com:x/", "http://example.com:-1/", "http://example.com:８０/",
        "http://h\\@evil.example/", "http://exa mple.com/", "http://example.com/a b",
        "http://example.com/\n", " http://example.com/", "http://example.com\t/",
        "http://example.com/\x00", "http://example.com/\x7f", "http://example.com/\u2028",
        "http://example.com/\ud800", "http://exa%6dple.com/", "http://127.0.0.%31/",
        "http://a..example/", "http://.example/", "http://-a.example/", "http://a-.example/",
        "http://" + "a" * 64 + ".example/", "http://" + "a." * 130 + "example/",
        "http://256.0.0.1/", "http://1.2.3.4.5/", "http://08.0.0.1/", "http://4294967296/",
        "http://0x/", "http://example.0x7f/", "http://[::1", "http://[::g]/", "http://[fe80::1%25eth0]/",
        "http://[v1.x]/", "http://[127.0.0.1]/", "http://::1/", "http://a[::1]/", "http://[::1]x/",
        "http://a\u2100b.example/", "http://ex*mple.com/", "http://exa<mple.com/",
        "https://example.com/" + "x" * 2029,
    ],
)  # fmt: skip
def test_any_other_url_is_refused_in_words(url):
    with pytest.raises(InvalidInput, match=r"^must ") as caught:
        check_url(url)
    assert caught.value.fields == {}


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("localhost", "127.0.0.0/8"),
        ("LOCALHOST.", "::1/128"),
        ("api.localhost", "127.0.0.0/8"),
        ("metadata.google.internal", "10.0.0.0/8"),
        ("host.docker.internal", "172.16.0.0/12"),
    ],
)
def test_local_names_need_a_policy_that_opens_local_networks(name, needs):
    with pytest.raises(InvalidInput, match="private, local or reserved"):
        check_target(f"http://{name}/", PUBLIC_ONLY)
    check_target(f"http://{name}/", allowing(needs))
    check_target(f"http://{name}/", EVERYTHING)


def test_opening_loopback_alone_does_not_open_internal_names():
    with pytest.raises(InvalidInput):
        check_target("http://metadata.google.internal/", LOCAL)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "localhost", "a.localhost.", "[::1]", "0"])
def test_the_services_own_port_is_refused_early_where_it_is_plain_to_see(host):
    with pytest.raises(InvalidInput, match="this service itself"):
        check_target(f"http://{host}:8080/", EVERYTHING, 8080)
    with pytest.raises(InvalidInput, match="this service itself"):
        check_target(f"http://{host}/", EVERYTHING, 80)
    check_target(f"http://{host}:8081/", EVERYTHING, 8080)
    check_target("http://notlocalhost:8080/", EVERYTHING, 8080)


@given(st.text(max_size=60) | st.text(max_size=40).map("http://{}".format))
def test_no_text_breaks_the_check_and_what_passes_can_be_written_in_ascii(url):
    try:
        check_target(url, EVERYTHING)
    except InvalidInput:
        return
    wire = ascii_url(url)
    assert wire.isascii()
    check_target(wire, EVERYTHING)


@given(
    st.text(alphabet="0123456789.xXabcdefABCDEF:%[]０１２７①。٣", max_size=24).map(
        "http://{}/".format
    )
)
def test_no_spelling_of_an_address_slips_by_as_a_name(url):
    """Whatever the system's own resolver reads as an address is judged as one."""
    try:
        check_url(url)
    except InvalidInput:
        return
    host = urlsplit(ascii_url(url)).hostname or ""
    try:
        numeric = ipaddress.ip_address(_inet_aton(host))
    except OSError:
        return
    assert literal_address(host) == numeric


def _inet_aton(host):
    import socket  # noqa: PLC0415 - asked for here alone: it is the oracle, not the subject

    return socket.inet_aton(host)


@pytest.mark.parametrize(
    ("url", "wire"),
    [
        ("http://example.com/a?b=%20&c=[]", "http://example.com/a?b=%20&c=[]"),
        ("https://bücher.example:8443/straße", "https://xn--bcher-kva.example:8443/stra%C3%9Fe"),
        ("http://example.com/?q=ü&x=%C3%BC", "http://example.com/?q=%C3%BC&x=%C3%BC"),
        ("http://１２７.0.0.1/é", "http://127.0.0.1/%C3%A9"),
        ("http://[::1]:80/é", "http://[::1]:80/%C3%A9"),
    ],
)
def test_a_url_goes_over_the_wire_in_ascii(url, wire):
    assert ascii_url(url) == wire


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Example.com./x", ("https", "example.com", 443)),
        ("http://example.com", ("http", "example.com", 80)),
        ("https://example.com:8443/", ("https", "example.com", 8443)),
        ("http://[2001:DB8::1]/", ("http", "2001:db8::1", 80)),
    ],
)
def test_an_origin_is_scheme_host_and_port(url, expected):
    assert origin(url) == expected


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "a.localhost."]
)
def test_the_service_is_no_target_of_its_own_whatever_the_policy(host):
    with pytest.raises(InvalidInput, match=r"^must not lead to this service itself$"):
        check_target(f"http://{host}:8080/", EVERYTHING, own_port=8080)
    check_target(f"http://{host}:8081/", EVERYTHING, own_port=8080)


def test_a_name_may_have_253_characters_and_a_point():
    name = ".".join(["a" * 61] * 4) + ".abcde"
    assert len(name) == 253
    check_url(f"https://{name}.")
    with pytest.raises(InvalidInput):
        check_url(f"https://{name}x.")
    with pytest.raises(InvalidInput):
        check_url(f"https://{name}xx")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("https://example.com/" + "x" * 2_029, "must be at most 2048 characters long"),
        ("https://example.com/a b", "must not contain spaces, control characters or backslashes"),
        ("https://example.com:0", "must be a URL with a valid host and a port from 1 to 65535"),
        ("https://[::1", "must be a URL with a valid host and a port from 1 to 65535"),
        ("ftp://example.com", "must begin with http:// or https://"),
        ("https://a:b@example.com", "must not contain a user name or password"),
        ("https:///hook", "must name a host, as in https://example.com/hook"),
        (
            "https://[fe80::1%25eth0]/",
            "must have an IPv6 address without a zone inside the brackets",
        ),
        ("https://" + "ü" * 64, "must have a host that is a valid domain name"),
        ("https://-a.example", "must have a host that is a valid domain name"),
        ("https://1.2.3.256", "must have a valid IPv4 address, or a name, as its host"),
        ("https://10.0.0.1", "must not lead to a private, local or reserved address"),
        ("http://localhost", "must not lead to a private, local or reserved address"),
        (
            "http://metadata.google.internal",
            "must not lead to a private, local or reserved address",
        ),
    ],
)
def test_each_refusal_says_what_to_write_instead(value, sentence):
    with pytest.raises(InvalidInput) as caught:
        check_target(value, PUBLIC_ONLY)
    assert caught.value.message == sentence
