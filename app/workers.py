"""The processes beside the API: delivery workers, the upkeep worker, the scheduler."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import redis
from rq.exceptions import StopRequested

from app import logs, rq_queues
from app.config import environment, load_settings
from app.errors import ConfigError, StoreUnavailable
from app.runtime.supervisor import Process, supervise
from app.store.connection import connect_broker
from app.wiring.services import Services, worker_services

log = logging.getLogger(__name__)

UPKEEP_LOOK_S = 1.0
BROKER_PAUSE_S = 1.0
COLLECT_AFTER = 50_000
"""So many more objects than at the last look are looked through for rings that nobody holds."""

WORKER = Path(__file__).resolve().parent.parent / "worker.py"


def main(arguments: Sequence[str]) -> int:
    """Run one role until told to stop; returns the exit status (2: wrong use or settings)."""
    role = arguments[0] if arguments else "host"
    roles: dict[str, Callable[[Services], None]] = {
        "deliver": deliver,
        "upkeep": upkeep,
        "scheduler": schedule,
        "reencrypt": reencrypt,
    }
    if len(arguments) > 1 or role not in {"host", *roles}:
        sys.stderr.write("usage: python worker.py [deliver | upkeep | scheduler | reencrypt]\n")
        return 2
    try:
        settings = load_settings(environment(os.environ))
        settings.require_secrets()
        settings.require_store()
        logs.configure(settings)
        services = _services_when_there()
        if role == "host":
            return host(settings.workers, settings.stop_grace_ms)
        roles[role](services)
    except ConfigError as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    return 0


def _services_when_there() -> Services:
    """Wait for the store: a worker that starts before it must not need a restart."""
    while True:
        try:
            return worker_services()
        except StoreUnavailable:
            log.warning("the store is away; this process starts when it is there")
            threading.Event().wait(0.5)


def deliver(services: Services) -> None:
    """Run drains until told to stop."""
    # What a drain makes refers to nothing that refers back, and goes when it is let go of. Looking
    # for rings in it all the time, and in all that was imported, took a tenth of its work.
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
    try:
        _work(services, rq_queues.DELIVER)
    finally:
        services.stop.set()
        services.close()


def upkeep(services: Services) -> None:
    """Run upkeep jobs until told to stop."""
    _work(services, rq_queues.UPKEEP)


def _work(services: Services, name: str) -> None:
    settings = services.settings
    while not services.stop.is_set():
        broker = connect_broker(settings.broker)
        worker = rq_queues.worker(name, broker, on_stop=services.stop.set)
        # RQ's worker gives up when its Redis is away for long, full or read-only.
        try:
            _handle_signals(_leave)  # RQ puts its own in their place
            worker.work(logging_level="WARNING")
        except redis.exceptions.RedisError:
            log.warning("RQ's Redis is away; this worker goes on when it is there")
        except StopRequested:
            # Told to stop while RQ was already taking its leave, where it does not expect that.
            services.stop.set()
        finally:
            broker.close()
        if not services.stop.is_set():
            _handle_signals(_leave)
        services.stop.wait(BROKER_PAUSE_S)


def _handle_signals(handler: Callable[..., None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)


def _leave(*_: object) -> None:
    """End at once: nothing is in hand."""
    sys.exit(0)


def schedule(services: Services) -> None:
    """Dispatch, and keep the upkeep jobs coming, until told to stop."""
    stop = services.stop
    _handle_signals(lambda *_: stop.set())
    keeper = threading.Thread(target=_keep_upkeep, args=(services, stop), name="upkeep")
    keeper.start()
    try:
        services.dispatcher.run(stop)
    finally:
        stop.set()
        keeper.join()


def _keep_upkeep(services: Services, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            services.upkeep_schedule.register(datetime.now(UTC).replace(tzinfo=None))
            services.upkeep_schedule.enqueue_due()
        except redis.exceptions.RedisError:
            log.warning("RQ's Redis is away; upkeep waits for it")
        stop.wait(UPKEEP_LOOK_S)


def reencrypt(services: Services) -> None:
    """Seal every stored secret with the current key; then the one before can be thrown away.

    Raises ``ConfigError`` if a secret opens with no key that is known.
    """
    done = services.safekeeping.reencrypt()
    sys.stdout.write(f"{done.replaced} secrets were sealed anew.\n")
    if done.unreadable:
        some = ", ".join(done.unreadable[:10])
        raise ConfigError(
            f"{len(done.unreadable)} secrets open with no key that is known: set "
            f"QHRONOS_ENCRYPTION_KEY_PREVIOUS, or give these events new ones: {some}."
        )


def host(workers: int, grace_ms: int) -> int:
    """Run everything that one worker host runs, supervised."""
    roles = ["scheduler", "upkeep", *["deliver"] * workers]
    processes = [
        Process(f"{role}.{index}", [sys.executable, str(WORKER), role])
        for index, role in enumerate(roles)
    ]
    return supervise(processes, grace_ms=grace_ms)
