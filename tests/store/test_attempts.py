"""The attempt log: a line says all that an attempt was, in few bytes, whoever wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.attempt import Attempt
from app.domain.outcome import Timings
from app.store.attempts import last_number, read_line, read_log, with_message, write_line

MOMENTS = st.integers(0, 2**52)
TOOK = st.none() | st.integers(0, 10**9)
ATTEMPTS = st.builds(
    Attempt,
    st.integers(1, 999),
    st.builds(Timings, MOMENTS, MOMENTS, MOMENTS, st.none() | MOMENTS, TOOK, TOOK, TOOK),
    st.none() | st.integers(100, 599),
    st.none() | st.text(),
    st.none() | st.integers(0, 2**42),
)
DUE_US = 1_767_225_600_000_000
ANSWERED = Attempt(
    1, Timings(DUE_US, DUE_US + 1_523, DUE_US + 4_840, DUE_US + 4_700), 200, None, DUE_US // 1000
)


@given(attempts=st.lists(ATTEMPTS, min_size=1, max_size=4))
def test_what_is_written_is_read(attempts: list[Attempt]) -> None:
    log = b"".join(map(write_line, attempts))
    assert log.count(b"\n") == len(attempts)
    assert read_log(log) == attempts
    assert last_number(log) == attempts[-1].number


def test_a_success_takes_less_than_a_piece() -> None:
    """So a hash with it stays in the compact encoding on a server with default settings."""
    assert write_line(ANSWERED) == b"1,1767225600000000,1523,4840,4700,,,,200,0\n"


@pytest.mark.parametrize("end", ["]", ",null]", ",null,1767225600000]", ',"said, or so",7]'])
def test_a_line_of_an_earlier_version_is_read(end: str) -> None:
    """The message and when it was claimed were left out once."""
    line = f"[1,{DUE_US},{DUE_US + 1523},{DUE_US + 4840},{DUE_US + 4700},null,null,null,200{end}\n"
    attempt = read_line(line.encode())
    assert attempt.timings == ANSWERED.timings
    assert attempt.claimed_ms == {
        ",null,1767225600000]": DUE_US // 1000,
        ',"said, or so",7]': 7,
    }.get(end)
    assert attempt.error_message == ("said, or so" if "said" in end else None)
    assert last_number(line.encode()) == 1


@given(attempt=ATTEMPTS, message=st.text())
def test_a_line_can_be_given_a_message_that_came_later(attempt: Attempt, message: str) -> None:
    after = read_line(with_message(write_line(attempt), message))
    assert after.error_message == message
    assert (after.number, after.timings) == (attempt.number, attempt.timings)
    assert (after.status_code, after.claimed_ms) == (attempt.status_code, attempt.claimed_ms)
