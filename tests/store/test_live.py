"""Live connections in the store: whose turn it is, who may have it, and what listeners are told.

The keys are those of ``app.store.live_keys``; what goes through them is
``app.delivery.live_message``'s.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from app.delivery.live_message import LiveMessage, Passed, read_passed
from app.errors import StoreUnavailable
from app.store import live as module
from app.store import live_keys
from app.store.live import (
    BEGINS,
    BUSY,
    CHANGE,
    KEEP_MS,
    NOBODY,
    PASSED_ON,
    WINDOW,
    ClientMessage,
    Hint,
    LiveEntry,
    LiveStore,
    Mailbox,
    offer_call,
    order_of,
)
from app.store.scripts import Scripts
from tests.store.conftest import Stores
from tests.support.clock import NOW_MS

PROCESS = "aa11"
FAR_MS = 2**44
"""Later than any clock: what an earlier test has left to do must not find it ended."""
MESSAGE = LiveMessage("c", ("t",), "an-id", 2, b'{"a":\n1}', 5_000)


@pytest.fixture
def live(stores: Stores) -> LiveStore:
    return LiveStore(stores.client, Scripts(stores.client))


@pytest.fixture
def mailbox(live: LiveStore) -> Iterator[Mailbox]:
    with contextlib.closing(live.mailbox(PROCESS)) as made:
        yield made


def offer(stores: Stores, *messages: LiveMessage) -> list[int]:
    offered = [ClientMessage(one.client_name, one.tags, one.content) for one in messages]
    call = offer_call(offered)
    answers: list[int] = Scripts(stores.client)(call.script, call.keys, call.args)
    return answers


def heard(mailbox: Mailbox) -> list[Passed]:
    found: list[Passed] = []
    while mail := mailbox.receive(0.1, 500):
        found += [read_passed(one) for one in mail if isinstance(one, bytes)]
    return found


def test_a_message_comes_as_it_was_sent(stores: Stores, live: LiveStore, mailbox: Mailbox) -> None:
    live.connect("c", f"{PROCESS}:7", None)
    assert offer(stores, MESSAGE) == [PASSED_ON]
    assert heard(mailbox) == [Passed(7, "c", "an-id", 2, 5_000, b'{"a":\n1}')]


def test_connections_of_one_name_take_turns(
    stores: Stores, live: LiveStore, mailbox: Mailbox
) -> None:
    for number in (1, 2, 3):
        live.connect("c", f"{PROCESS}:{number}", None)
    live.connect("other", f"{PROCESS}:4", None)
    offer(stores, *[MESSAGE] * 6)
    live.connect("c", f"{PROCESS}:1", None)  # it is renewed, and keeps its turn
    offer(stores, MESSAGE)
    assert [one.number for one in heard(mailbox)] == [1, 2, 3, 1, 2, 3, 1]


@pytest.mark.parametrize(
    ("scope", "tags", "answer"),
    [
        (None, (), PASSED_ON),
        (None, ("x",), PASSED_ON),
        ({"a", "b"}, ("a",), PASSED_ON),
        ({"a", "b"}, ("b", "a"), PASSED_ON),
        ({"a", "b"}, ("a", "x"), NOBODY),
        ({"a", "b"}, (), NOBODY),
        ({"ab"}, ("a",), NOBODY),
        ({"a.b"}, ("a-b",), NOBODY),
        (set(), ("a",), NOBODY),
    ],
)
def test_a_connection_has_only_what_its_token_may_change(
    stores: Stores,
    live: LiveStore,
    mailbox: Mailbox,
    scope: set[str] | None,
    tags: tuple[str, ...],
    answer: int,
) -> None:
    live.connect("c", f"{PROCESS}:1", None if scope is None else frozenset(scope))
    assert offer(stores, MESSAGE._replace(tags=tags)) == [answer]
    assert len(heard(mailbox)) == (answer == PASSED_ON)


def test_without_a_connection_nobody_has_it(stores: Stores, live: LiveStore) -> None:
    assert offer(stores, MESSAGE) == [NOBODY]
    live.connect("c", f"{PROCESS}:1", None)
    live.disconnect("c", f"{PROCESS}:1")
    assert offer(stores, MESSAGE) == [NOBODY]


def test_a_process_that_hears_nothing_is_passed_over_and_forgotten(
    stores: Stores, live: LiveStore, mailbox: Mailbox
) -> None:
    live.connect("c", "00dead:1", None)
    live.connect("c", f"{PROCESS}:2", None)
    assert offer(stores, MESSAGE) == [PASSED_ON]
    assert [one.number for one in heard(mailbox)] == [2]
    assert live.connections("c", None) == 1


def test_a_client_has_no_more_than_it_can_acknowledge(
    stores: Stores, live: LiveStore, mailbox: Mailbox
) -> None:
    live.connect("c", f"{PROCESS}:1", None)
    assert offer(stores, *[MESSAGE] * (WINDOW + 1)) == [*[PASSED_ON] * WINDOW, BUSY]
    live.note_waiting("c", f"{PROCESS}:1", WINDOW - 1)
    assert offer(stores, MESSAGE, MESSAGE) == [PASSED_ON, BUSY]
    assert len(heard(mailbox)) == WINDOW + 1


def test_connections_that_are_all_busy_are_looked_at_once_for_messages_that_are_alike(
    stores: Stores, live: LiveStore, mailbox: Mailbox
) -> None:
    """Else the store would do nothing else for milliseconds, at each look at what is due."""
    for number in range(50):
        live.connect("c", f"{PROCESS}:{number}", None)
        live.note_waiting("c", f"{PROCESS}:{number}", WINDOW)
    offer(stores, MESSAGE)
    before = hash_reads(stores)
    assert offer(stores, *[MESSAGE] * 64) == [BUSY] * 64
    assert hash_reads(stores) - before < 64 * 50, "two for each of them"
    others = MESSAGE._replace(client_name="nobody"), MESSAGE
    live.note_waiting("c", f"{PROCESS}:7", 0)
    assert offer(stores, *others, *others) == [NOBODY, PASSED_ON] * 2
    assert len(heard(mailbox)) == 2


def hash_reads(stores: Stores) -> int:
    return int(stores.client.info("commandstats")["cmdstat_hget"]["calls"])


def test_what_nobody_renews_ends_by_itself(stores: Stores, live: LiveStore) -> None:
    live.connect("c", f"{PROCESS}:1", None)
    live.note_waiting("c", f"{PROCESS}:1", 3)
    live.listen(["a"], NOW_MS)
    live.interest_version()
    live.tell([LiveEntry(("a",), BEGINS, b"1")], NOW_MS)
    for key in stores.client.keys(live_keys.PREFIX + b"*"):  # type: ignore[union-attr]
        assert 0 < stores.client.pttl(key) <= 20 * KEEP_MS, key


def test_what_is_listened_to_is_known_until_its_time_is_over(live: LiveStore) -> None:
    assert live.interest_version() is None
    live.listen(["a", "b"], FAR_MS + 1_000)
    first = live.interest_version()
    live.listen(["a"], FAR_MS + 2_000)
    live.listen(["a"], FAR_MS)
    assert live.interest_version() == first, "there is nothing new"
    assert live.interest(FAR_MS) == {"a", "b"}
    assert live.interest(FAR_MS + 1_001) == {"a"}
    live.listen(["c"], FAR_MS + 2_000)
    assert live.interest_version() != first


def test_listeners_are_told_in_order_from_where_they_were(live: LiveStore) -> None:
    assert live.told_after(live.told_until_now(), 10) == []
    live.tell([LiveEntry(("a", "b"), BEGINS, b"1"), LiveEntry((), CHANGE, b"2")], NOW_MS)
    first, second = live.told_after(b"0-0", 10)
    assert (first.tags, first.message, first.kind) == (("a", "b"), b"1", BEGINS.encode())
    assert (second.tags, second.kind) == ((), CHANGE.encode())
    assert live.oldest_told() == first.position
    assert order_of(first.position) < order_of(second.position)
    assert live.told_after(first.position, 10) == [second]
    assert live.told_until_now() == second.position
    live.tell([LiveEntry(("a",), BEGINS, b"3")], NOW_MS)
    assert [one.message for one in live.told_after(second.position, 10, wait_ms=10)] == [b"3"]


def test_what_is_forgotten_was_missed_by_who_had_not_come_there(
    live: LiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By number or by age; what was there already when somebody came is not missed."""
    monkeypatch.setattr(module, "TOLD_MOST", 300)
    begins = live.told_until_now()
    assert not live.is_missed_after(begins, NOW_MS)
    live.tell([LiveEntry(("a",), CHANGE, b"1")], NOW_MS)
    assert not live.is_missed_after(begins, NOW_MS)
    (first,) = live.told_after(begins, 10)
    for _ in range(8):
        live.tell([LiveEntry(("a",), CHANGE, b"1")] * 100, NOW_MS)
    oldest = live.oldest_told()
    assert oldest is not None
    assert order_of(oldest) > order_of(first.position)
    assert live.is_missed_after(first.position, NOW_MS)
    assert not live.is_missed_after(oldest, NOW_MS)
    monkeypatch.setattr(module, "TOLD_MOST", 10_000)
    at_ms = order_of(first.position)[0]
    assert not live.is_missed_after(first.position, at_ms)
    assert live.is_missed_after(first.position, at_ms + module.TOLD_MS + 1)


def test_a_process_hears_that_something_has_changed(live: LiveStore, mailbox: Mailbox) -> None:
    live.hint(["a", "b"])
    live.hint([])
    assert mailbox.receive(0.2, 1) + mailbox.receive(0.2, 1) == [Hint(("a", "b")), Hint(())]


def test_a_process_hears_that_tokens_were_revoked(live: LiveStore, mailbox: Mailbox) -> None:
    live._client.publish(live_keys.REVOKED, b"")
    assert mailbox.receive(0.2, 10) == [None]
    assert mailbox.receive(0.0, 10) == []


def test_long_messages_that_are_still_coming_are_waited_for(
    stores: Stores, mailbox: Mailbox
) -> None:
    channel = live_keys.mailbox(PROCESS).decode()
    count, size = 100, 60_000  # more than the connection's buffers hold
    publish = "for i = 1, ARGV[1] do redis.call('PUBLISH', KEYS[1], string.rep('x', ARGV[2])) end"
    found: list[bytes | None] = []
    with ThreadPoolExecutor(1) as others:
        sent = others.submit(stores.client.eval, publish, 1, channel, str(count), str(size))
        while len(found) < count and (mail := mailbox.receive(5.0, 500)):
            found += mail
        sent.result()
    assert found == [b"x" * size] * count


def test_what_came_before_a_connection_was_lost_is_returned_first(
    stores: Stores, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores.client.publish(live_keys.mailbox(PROCESS).decode(), b"one")

    def lost() -> bool:
        raise redis.exceptions.ConnectionError

    monkeypatch.setattr(mailbox, "_has_more", lost)
    assert mailbox.receive(5.0, 500) == [b"one"]
    with pytest.raises(StoreUnavailable):
        mailbox.receive(0.1, 500)


def test_connections_are_counted_by_the_scope_of_their_tokens(live: LiveStore) -> None:
    scopes = [None, frozenset("ab"), frozenset("ba"), frozenset("a")]
    for number, scope in enumerate(scopes):
        live.connect("c", f"{PROCESS}:{number}", scope)
    assert [live.connections("c", scope) for scope in scopes] == [1, 2, 2, 1]
    assert live.connections("c", frozenset("b")) == 0


def test_of_many_that_connect_at_once_as_many_are_let_in_as_may_be(stores: Stores) -> None:
    """Of each scope; who is there is renewed, and who goes makes room."""
    with ThreadPoolExecutor(8) as callers:

        def connect(number: int) -> bool:
            live = LiveStore(stores.client, Scripts(stores.client))
            return live.connect("c", f"{PROCESS}:{number}", frozenset({"a"}), most=10)

        assert sum(callers.map(connect, range(40))) == 10
    live = LiveStore(stores.client, Scripts(stores.client))
    assert live.connections("c", frozenset({"a"})) == 10
    assert live.connect("c", f"{PROCESS}:99", None, most=1)
    there = [number for number in range(40) if connect(number)]
    assert len(there) == 10
    live.disconnect("c", f"{PROCESS}:{there[0]}")
    assert connect(50)
    assert not connect(51)
