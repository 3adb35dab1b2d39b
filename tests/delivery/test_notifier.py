"""Notifications on their way: several at once, through the guard, none raises."""

from __future__ import annotations

import ipaddress

from app.delivery.mailer import Mail
from app.delivery.notifier import NO_SERVER, Notifier
from app.delivery.request import Request
from app.delivery.sender import CurlSender
from app.domain.addresses import TargetPolicy
from app.domain.alert_texts import Notification
from tests.support.receiver import Receiver, Reply

HERE = TargetPolicy(allowed=(ipaddress.ip_network("127.0.0.0/8"),))


def to(url: str, timeout_ms: int = 5_000) -> Request:
    return Request(url, ["Content-Type: application/json"], b"{}", timeout_ms)


def test_each_is_said_in_its_place() -> None:
    told = Notification("k", "t", (), "f", "l")
    with Receiver() as receiver:
        receiver.reply("/no", Reply(404))
        notifier = Notifier(lambda count: CurlSender(HERE, count), None)
        outgoing = [to(receiver.url("/no")), Mail(("a@b.c",), told, 0), to(receiver.url("/yes"))]
        assert notifier.send(outgoing, 0) == ["the receiver answered 404", NO_SERVER, None]
        assert notifier.send([], 0) == []


def test_no_private_address_is_reached_and_no_redirect_followed() -> None:
    with Receiver() as receiver:
        receiver.reply("/away", Reply(302, headers={"Location": receiver.url("/inside")}))
        guarded = Notifier(lambda count: CurlSender(TargetPolicy(), count), None)
        assert guarded.send([to(receiver.url("/x"))], 0) == ["target not allowed"]
        there = Notifier(lambda count: CurlSender(HERE, count), None)
        assert there.send([to(receiver.url("/away"))], 0) == ["the receiver answered 302"]
        assert [one.path for one in receiver.requests] == ["/away"]


def test_what_hangs_holds_up_no_other_for_longer_than_its_time() -> None:
    with Receiver() as receiver:
        receiver.reply("/hang", Reply.hang())
        notifier = Notifier(lambda count: CurlSender(HERE, count), None)
        said = notifier.send([to(receiver.url("/hang"), 300), to(receiver.url("/yes"))], 0)
    assert said[0] is not None
    assert said[1] is None
