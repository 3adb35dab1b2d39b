"""A pytest plugin: what the rules keep in caches is forgotten before the tests of a mutant run.

Mutants are tried in forks of a process in which every test has run; what those tests left in a
cache would be found by all mutants alike, and nobody would see that they compute something else.
"""

from __future__ import annotations

import sys


def pytest_sessionstart() -> None:
    """Empty what ``functools.cache`` and ``lru_cache`` keep for functions of the application."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "app":
            for value in list(vars(module).values()):
                clear = getattr(value, "cache_clear", None)
                if callable(clear):
                    clear()
