"""Callers take turns for a place, and none is lost."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http_server.caller_queue import CallerQueue, QueueFull


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_each_caller_has_its_turn_whatever_the_others_have_sent() -> None:
    async def run() -> list[str]:
        queue, order = CallerQueue(1, 100), []

        async def ask(caller: str) -> None:
            async with queue.place(caller, ""):
                order.append(caller)

        async with queue.place("first", ""):
            tasks = [asyncio.create_task(ask("greedy")) for _ in range(5)]
            await settle()
            tasks += [asyncio.create_task(ask(caller)) for caller in ("meek", "other", "meek")]
            await settle()
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(run()) == [
        *("greedy", "meek", "other"),
        *("greedy", "meek"),
        *("greedy", "greedy", "greedy"),
    ]


def test_tokens_that_anybody_can_make_up_take_turns_within_their_address() -> None:
    async def run() -> list[str]:
        queue, order = CallerQueue(1, 100), []

        async def ask(address: str, token: str) -> None:
            async with queue.place(address, token):
                order.append(address + token)

        async with queue.place("first", ""):
            asked = [("a", "1"), ("a", "1"), ("a", "2"), ("a", "3"), ("b", "1"), ("b", "1")]
            tasks = [asyncio.create_task(ask(*each)) for each in asked]
            await settle()
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(run()) == ["a1", "b1", "a2", "b1", "a3", "a1"]


def test_a_caller_may_have_a_quarter_of_those_that_wait_and_an_address_half() -> None:
    async def run() -> None:
        queue = CallerQueue(1, 8)

        async def ask(address: str, token: str) -> None:
            async with queue.place(address, token):
                pass

        async with queue.place("first", ""):
            of_a = [asyncio.create_task(ask("a", f"{n % 2}")) for n in range(4)]
            of_b = [asyncio.create_task(ask("b", "0")) for _ in range(2)]
            await settle()
            for address, token in (("a", "0"), ("a", "new"), ("b", "0")):
                with pytest.raises(QueueFull):
                    await ask(address, token)
            of_b += [asyncio.create_task(ask("b", f"{n}")) for n in (1, 2)]
            await settle()
            with pytest.raises(QueueFull):
                await ask("c", "0")
            of_a[0].cancel()
            await settle()
        await asyncio.gather(*of_a, *of_b, return_exceptions=True)
        async with queue.place("a", "0"):
            pass

    asyncio.run(run())


@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4), st.booleans()), max_size=30),
)
def test_no_place_is_lost_or_given_twice(places: int, asked: list[tuple[str, int, bool]]) -> None:
    """Whoever gives up, before, in or after its turn."""

    async def run() -> None:
        queue, inside, done = CallerQueue(places, 1_000), Counter[str](), Counter[str]()

        async def ask(caller: str, steps: int) -> None:
            async with queue.place(caller in "ab", caller):
                inside["now"] += 1
                assert inside["now"] <= places
                try:
                    for _ in range(steps):
                        await asyncio.sleep(0)
                finally:
                    inside["now"] -= 1
            done[caller] += 1

        tasks = [asyncio.create_task(ask(caller, steps)) for caller, steps, _ in asked]
        for (_, steps, gives_up), task in zip(asked, tasks, strict=True):
            if gives_up:
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert done.total() >= sum(not gives_up for _, _, gives_up in asked)
        assert queue._free == places
        assert not queue._addresses
        assert queue._waiting == 0

    asyncio.run(run())
