"""Generations of workers, across processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
from types import SimpleNamespace
from typing import Any

import pytest

from app.http_server import generations
from app.http_server.generations import Generations


def test_the_master_and_its_workers_see_the_same() -> None:
    generations = Generations()
    assert (generations.newest, generations.serving) == (0, 0)
    generations.begin()
    assert (generations.newest, generations.serving) == (1, 0)
    worker = multiprocessing.get_context("fork").Process(target=generations.serve, args=(1,))
    worker.start()
    worker.join()
    assert (generations.newest, generations.serving) == (1, 1)


@pytest.mark.parametrize("how", ["stop", "signal"])
def test_workers_see_that_the_master_stops_before_it_asks_them_to_end(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    made = Generations()
    monkeypatch.setattr(generations, "GENERATIONS", made)
    seen: list[tuple[Any, bool]] = []

    def see(*args: Any) -> None:
        seen.append((args, made.is_ending))

    server = SimpleNamespace(stop=see, signal=see, pid=os.getpid())
    generations.note_stop(server)
    if how == "stop":
        server.stop("graceful")
        assert seen == [(("graceful",), True)]
        return
    server.signal(signal.SIGHUP, None)
    server.signal(signal.SIGTERM, None)
    assert seen == [((signal.SIGHUP, None), False), ((signal.SIGTERM, None), True)]


def test_a_worker_that_was_just_made_ends_at_once() -> None:
    """It still has the handlers of its master, which ask the master's loop to see to it."""
    server = SimpleNamespace(stop=print, signal=print, pid=os.getpid())
    generations.note_stop(server)
    fork = multiprocessing.get_context("fork")
    for number, status in ((signal.SIGTERM, 0), (signal.SIGHUP, 3)):
        worker = fork.Process(target=lambda n=number: (server.signal(n, None), os._exit(3)))
        worker.start()
        worker.join()
        assert worker.exitcode == status


def test_an_old_worker_that_comes_late_takes_nothing_back() -> None:
    generations = Generations()
    generations.begin()
    generations.serve(1)
    generations.serve(0)
    assert generations.serving == 1


def test_a_worker_knows_which_ones_of_its_master_have_ended(monkeypatch) -> None:
    """By the names that they had; never itself, whose number another one may have had."""
    monkeypatch.setattr(generations, "_buried", [])
    reader, writer = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(
        target=lambda: writer.send(generations.name_of_worker())
    )
    child.start()
    name = reader.recv()
    child.join()
    generations.note_end(child.pid)
    generations.note_end(os.getpid())
    assert generations.ended_before() == [name]
    assert len(bytes.fromhex(name)) == 8
    assert name != generations.name_of_worker()
