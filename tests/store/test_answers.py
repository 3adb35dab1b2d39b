"""Answers for idempotency keys: one does a request, and whoever takes it over does the same."""

from __future__ import annotations

import pytest

from app.domain.once import Once
from app.store.answers import HELD_MS, AnswerStore
from app.store.scripts import Scripts

ONCE = Once(b"n" * 16, b"d" * 16)
NOW_MS = 1_767_225_600_000


@pytest.fixture
def answers(stores) -> AnswerStore:
    return AnswerStore(Scripts(stores.client), stores.partitions)


def begin(answers, now_ms=NOW_MS, once=ONCE):
    return answers.begin(once, now_ms, now_ms * 1000)


def test_one_does_it_and_its_answer_is_kept(answers):
    first = begin(answers)
    assert first.repetition is not None
    assert begin(answers).repetition is None
    answers.keep(ONCE, first.repetition, b"answer")
    done = begin(answers)
    assert (done.repetition, done.answer, done.digest) == (None, b"answer", ONCE.digest)


def test_who_takes_it_over_has_the_moment_and_the_seed_of_the_first(answers):
    first = begin(answers).repetition
    second = begin(answers, NOW_MS + HELD_MS).repetition
    assert (second.at_us, second.seed) == (first.at_us, first.seed)
    assert second.by != first.by
    answers.keep(ONCE, first, b"too late")
    answers.forget(ONCE, first)
    assert begin(answers).answer is None
    answers.keep(ONCE, second, b"answer")
    assert begin(answers).answer == b"answer"


def test_what_is_given_up_is_taken_over_at_once(answers):
    first = begin(answers).repetition
    answers.give_up(ONCE, first)
    assert begin(answers).repetition.seed == first.seed


def test_what_is_forgotten_is_new(answers):
    first = begin(answers).repetition
    answers.forget(ONCE, first)
    other = begin(answers, once=Once(ONCE.name, b"e" * 16))
    assert other.digest == b"e" * 16
    assert other.repetition.seed != first.seed


def test_a_call_that_is_repeated_answers_the_same(stores):
    scripts = Scripts(stores.client)
    fresh = b"?%013d%b%016d%b%b" % (NOW_MS + HELD_MS, b"b" * 8, 1, b"s" * 16, b"d" * 16)
    args = [fresh, NOW_MS, NOW_MS + HELD_MS, b"b" * 8, 1_000, b"", b"p" * 8]
    assert scripts("begin_answer", [b"qh:{0}:answer:a"], args) == [1, fresh]
    assert scripts("begin_answer", [b"qh:{0}:answer:a"], args) == [1, fresh]


def test_what_a_process_was_doing_that_is_gone_is_taken_over_at_once(stores):
    """By one; what a process that is there does, and what an earlier version did, is waited for."""
    alive = {b"1" * 8}

    def process(name):
        scripts = Scripts(stores.client)
        return AnswerStore(scripts, stores.partitions, name * 8, lambda one: one in alive)

    first = begin(process(b"1"))
    assert begin(process(b"2")).repetition is None
    alive.clear()
    assert begin(process(b"1")).repetition is None, "whoever asks is alive"
    second = begin(process(b"2")).repetition
    assert second is not None
    assert (second.seed, second.at_us) == (first.repetition.seed, first.repetition.at_us)
    alive.add(b"2" * 8)
    assert begin(process(b"3")).repetition is None
    process(b"1").keep(ONCE, first.repetition, b"too late")
    process(b"2").give_up(ONCE, second)
    third = begin(process(b"3")).repetition
    assert third is not None
    process(b"3").keep(ONCE, third, b"answer")
    assert begin(process(b"2")).answer == b"answer"


def test_of_two_that_take_it_over_one_does_it(stores, answers):
    first = begin(answers).repetition
    args = [b"?" + bytes(77), NOW_MS, NOW_MS + HELD_MS]
    key = answers._key(ONCE)
    taken = [
        Scripts(stores.client)("begin_answer", [key], [*args, one * 8, 1_000, first.by, b"p" * 8])[
            0
        ]
        for one in (b"x", b"y")
    ]
    assert taken == [1, 0]


def test_what_an_earlier_version_does_is_waited_for(stores, answers):
    old = b"?%013d%b%016d%b%b" % (NOW_MS + HELD_MS, b"b" * 8, 1, b"s" * 16, ONCE.digest)
    stores.client.set(answers._key(ONCE), old)
    asked = AnswerStore(Scripts(stores.client), stores.partitions, b"2" * 8, lambda _one: False)
    assert begin(asked).repetition is None
    assert begin(asked, NOW_MS + HELD_MS).repetition.seed == b"s" * 16
