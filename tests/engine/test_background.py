from __future__ import annotations

import select
import threading
from collections.abc import Iterator

import pytest

from app.engine.background import Background


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background()
    yield made
    made.close()


def is_told(background: Background, wait_s: float = 0.0) -> bool:
    return bool(select.select([background.fileno()], [], [], wait_s)[0])


def test_work_is_done_elsewhere_and_its_end_is_told(background: Background) -> None:
    done = background.submit(threading.current_thread)
    assert done.result(10) is not threading.current_thread()
    assert is_told(background, 10)
    background.hear()
    assert not is_told(background)


def test_what_takes_long_holds_up_nothing_else(background: Background) -> None:
    gate = threading.Event()
    slow = background.submit(lambda: gate.wait(10))
    assert background.submit(lambda: "quick").result(10) == "quick"
    assert not slow.done()
    gate.set()
    assert slow.result(10)


def test_an_error_is_the_result(background: Background) -> None:
    failed = background.submit(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        failed.result(10)


def test_the_end_waits_for_what_was_begun() -> None:
    background, done = Background(), threading.Event()
    begun = threading.Event()
    background.submit(lambda: (begun.wait(10), done.set()))
    begun.set()
    background.close()
    assert done.is_set()
