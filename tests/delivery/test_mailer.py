"""Mail: handed over with TLS or not at all, and nothing in it is more than text."""

from __future__ import annotations

import smtplib
import ssl
from email.utils import parsedate_to_datetime

import pytest

from app.delivery import mailer as module
from app.delivery.mailer import Mail, Mailer, explain, message_of
from app.domain.alert_texts import Notification, Section
from app.domain.mail import MailServer
from tests.support.certificates import Authority
from tests.support.clock import NOW_MS
from tests.support.mail_server import MailReceiver
from tests.support.ports import free_port

SENDER = "Qhronos <q@sender.example>"


def mail(title: str = "1 occurrence failed", *to: str) -> Mail:
    section = Section(title, ("payroll: 500",), "https://q.example/console/")
    told = Notification("key", title, (section,), "The alert sends this.", "https://q.example/a")
    return Mail(to or ("a@b.example",), told, NOW_MS)


def plain(server: MailReceiver) -> MailServer:
    return MailServer("127.0.0.1", server.port, "off")


def test_mail_arrives_with_its_text_its_key_and_its_date() -> None:
    with MailReceiver() as server:
        assert Mailer(plain(server), SENDER).send(
            [mail("größer", "a@b.example", "c@d.example")]
        ) == [None]
    (got,) = server.mails
    assert got["Subject"] == "[Qhronos] größer"
    assert (got["From"], got["To"]) == (SENDER, "a@b.example, c@d.example")
    assert got["Message-ID"] == "<key@sender.example>"
    assert got["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(got["Date"]).timestamp() * 1000 == NOW_MS
    assert "- payroll: 500" in got.get_content()
    assert server.recipients == ["a@b.example", "c@d.example"]


def test_several_share_a_connection_and_one_that_is_refused_harms_no_other() -> None:
    with MailReceiver({"MAIL": "451 later"}) as server:
        said = Mailer(plain(server), SENDER).send([mail(), mail()])
    assert said == ["the mail server refused: 451 later"] * 2
    assert len([one for one in server.said if one.startswith("ehlo")]) == 1


def test_a_slow_server_holds_nobody_up_for_long() -> None:
    moments = iter([0.0, 1.0, module.BUDGET_S, module.BUDGET_S])
    with MailReceiver() as server:
        mailer = Mailer(plain(server), SENDER, monotonic=lambda: next(moments))
        assert mailer.send([mail(), mail(), mail()]) == [None, module.TOO_SLOW, module.TOO_SLOW]
    assert len(server.mails) == 1


def test_no_title_adds_a_header() -> None:
    message = message_of(mail("x\r\nBcc: evil@x.example\r\n\r\nbody"), SENDER)
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]
    assert len(message_of(mail("x" * 999), SENDER)["Subject"]) == module.MAX_SUBJECT


@pytest.mark.parametrize(
    "hidden", ["=?utf-8?q?=0D=0ABcc:_evil@x.example?=", "=?utf-8?q?=E2=80=AE?=", "=?ascii?b?////?="]
)
def test_no_title_hides_anything_in_an_encoded_word(hidden: str) -> None:
    """The library decodes what has this form (RFC 2047) after the title was made plain."""
    message = message_of(mail(f"\u201c{hidden}\u201d"), SENDER)
    shown = hidden.replace("=?", "= ?")
    assert message["Subject"] == f"[Qhronos] \u201c{shown}\u201d"
    assert message.as_bytes()


def test_without_starttls_nothing_is_sent() -> None:
    """Whoever is between could have taken the offer away."""
    with MailReceiver() as server:
        wanted = MailServer("127.0.0.1", server.port, "start", "user", "password")
        (said,) = Mailer(wanted, SENDER).send([mail()])
    assert said == "the mail server offers no STARTTLS or no login: see QHRONOS_SMTP_URL"
    assert not any(one.startswith(("AUTH", "mail")) for one in server.said)


def test_with_starttls_the_certificate_counts(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    with MailReceiver(tls=authority.context()) as server:
        wanted = MailServer("localhost", server.port, "start", "user", "password")
        (said,) = Mailer(wanted, SENDER).send([mail()])
        assert said == "the mail server's TLS can't be trusted, or is none: see QHRONOS_SMTP_URL"
        monkeypatch.setattr(module, "trusted_certificates", lambda: str(authority.bundle))
        assert Mailer(wanted, SENDER).send([mail()]) == [None]
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("refuses", "words"),
    [
        ({"RCPT": "550 nobody here"}, "the mail server refused the recipients: 550 nobody here"),
        ({"DATA": "552 too large"}, "the mail server refused: 552 too large"),
        ({"EHLO": "421 busy", "HELO": "421 busy"}, "the mail server refused: 421 busy"),
    ],
)
def test_a_refusal_is_said(refuses: dict[str, str], words: str) -> None:
    with MailReceiver(refuses) as server:
        assert Mailer(plain(server), SENDER).send([mail()]) == [words]


def test_a_server_that_is_not_there_is_said() -> None:
    wanted = MailServer("127.0.0.1", free_port(), "off")
    assert Mailer(wanted, SENDER).send([mail()]) == ["the mail server could not be reached"]


def test_no_cause_shows_what_was_sent() -> None:
    wrong = smtplib.SMTPAuthenticationError(535, b"5.7.8 secret-password is wrong")
    assert explain(wrong) == "the mail server refused the user or the password of QHRONOS_SMTP_URL"
    assert explain(TimeoutError()) == "the mail server did not answer in time"
    assert "TLS" in explain(ssl.SSLError())
