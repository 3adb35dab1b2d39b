"""Generations of workers, across processes."""

from __future__ import annotations

import multiprocessing

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


def test_an_old_worker_that_comes_late_takes_nothing_back() -> None:
    generations = Generations()
    generations.begin()
    generations.serve(1)
    generations.serve(0)
    assert generations.serving == 1
