"""Mail addresses, and the URL of a mail server."""

from __future__ import annotations

import pytest

from app.domain.mail import (
    MailServer,
    check_address,
    check_sender,
    domain_of,
    mail_domains,
    mail_server,
)
from app.errors import InvalidInput


@pytest.mark.parametrize("good", ["a@b.example", "on-call+q.x@mail.example.com", "x@localhost"])
def test_an_address_is_taken(good: str) -> None:
    check_address(good)


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "a", "a@", "@b", "a b@c.d", "a@b@c.d", "a@b..c", ".a@b.c", "a@-b.c", "ä@b.example"),
        *("a@b.example\r\nBcc: x@y.z", "A <a@b.example>", "a@b.example,c@d.example"),
        *("x" * 65 + "@b.example", "a@" + "b." * 130 + "c"),
    ],
)
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="must be an address"):
        check_address(wrong)


def test_a_sender_may_have_a_name() -> None:
    check_sender("Qhronos <q@b.example>")
    check_sender("q@b.example")
    for wrong in ("Qhronos", "Qhronos <q@b.example>\nBcc: x@y.z", "<>"):
        with pytest.raises(InvalidInput):
            check_sender(wrong)


def test_domains() -> None:
    assert domain_of("a@B.Example") == "b.example"
    assert mail_domains("a.example, B.example") == ("a.example", "b.example")
    with pytest.raises(InvalidInput, match="must be domains"):
        mail_domains("a.example,@b")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", MailServer("mail.example", 587, "start")),
        ("smtps://mail.example", MailServer("mail.example", 465, "direct")),
        ("smtp://[::1]:25?tls=off", MailServer("::1", 25, "off")),
        (
            "smtp://a%40b.example:p%3Aw@mail.example:2525",
            MailServer("mail.example", 2525, "start", "a@b.example", "p:w"),
        ),
    ],
)
def test_a_url_names_a_server(url: str, server: MailServer) -> None:
    assert mail_server(url) == server
    assert "p:w" not in repr(mail_server(url))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mail.example:25", "URL of a mail server"),
        ("http://mail.example", "URL of a mail server"),
        ("smtp://mail.example:0", "URL of a mail server"),
        ("smtp://mail.example:x", "URL of a mail server"),
        ("smtp://mail.example/path", "URL of a mail server"),
        ("smtp://mail.example?tls=no", "unknown option"),
        ("smtps://mail.example?tls=off", "unknown option"),
        ("smtp://u:p@mail.example?tls=off", "in clear"),
    ],
)
def test_what_is_wrong_with_a_url_is_said(url: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        mail_server(url)


def test_mail_comes_from_whom_was_chosen_else_from_the_user_or_the_host() -> None:
    assert mail_server("smtp://m.example").sender("") == "qhronos@m.example"
    assert mail_server("smtp://a%40b.example:p@m.example").sender("") == "a@b.example"
    assert mail_server("smtp://u:p@m.example").sender("Q <q@x.example>") == "Q <q@x.example>"
