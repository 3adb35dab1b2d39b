"""``python worker.py rebalance``: more partitions for the store, while all runs."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from app.config import Settings
from app.engine.canary import clear_partition
from app.errors import ConfigError, Conflict, ExitStatus, StoreUnavailable
from app.services.growth import GrowthService
from app.services.moving import MovingService
from app.store.canary import CanaryStore
from app.store.events import EventStore
from app.store.growth import GrowthStore
from app.store.imports import SourceStore
from app.store.moves import MoveStore
from app.wiring.services import build_services


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError("it must be a whole number from 1 on")
    return int(text)


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


class _Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{self.prog}: {message}.")


def run(settings: Settings, arguments: Sequence[str]) -> int:
    """Raise the number of partitions; returns the exit status.

    Raises ``ConfigError`` for a command that is used wrongly, and with the reason if the store
    can't have so many partitions.
    """
    parser = _Arguments("rebalance", description="Give the store more partitions.")
    parser.add_argument("--partitions", type=_number, required=True, help="How many.")
    wanted: int = parser.parse_args(arguments).partitions
    try:
        is_whole = _service(settings).raise_to(wanted)
    except KeyboardInterrupt:
        _tell("Stopped. Nothing is lost: run this again to go on.")
        return ExitStatus.FAILED
    except (Conflict, StoreUnavailable) as error:
        _tell(f"{error.message} To go on, run this again.")
        return ExitStatus.FAILED
    return ExitStatus.OK if is_whole else ExitStatus.FAILED


def _service(settings: Settings) -> GrowthService:
    found = build_services(settings).storage
    # (Whatever these settings have: they may be those of afterwards.)
    there = GrowthStore(found.client, found.scripts).numbers().for_new
    services = build_services(replace(settings, partitions=there or settings.partitions))
    storage = services.storage
    # (Not those of ``storage``: they withdraw the indexes that this shell does not declare.)
    events = EventStore(storage.client, storage.scripts, storage.partitions)
    if there:  # before anything is written: it may be restored now, or of a later version
        storage.schema.check()
    growth = GrowthStore(storage.client, storage.scripts)
    sources = SourceStore(storage.client, storage.partitions)
    wanted, replicas = settings.durability, settings.durability_replicas
    fence = (lambda: storage.client.fence(wanted, replicas)) if wanted else None
    moves = MoveStore(storage.client, storage.scripts, fence)
    moving = MovingService(growth, moves, storage.clock, sources.every_event, _tell)
    return GrowthService(
        growth,
        services.processes.alive,
        lambda partition: clear_partition(
            CanaryStore(storage.client), events, storage.work, storage.clock, partition
        ),
        _tell,
        moving.run,
        has_canary=bool(settings.canary_ms),
    )
