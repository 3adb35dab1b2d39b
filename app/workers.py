"""The processes beside the API: delivery workers, the upkeep worker, the scheduler."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import redis
from rq.exceptions import StopRequested

from app import logs, rq_queues
from app.archive import command as archive_command
from app.config import Settings
from app.domain.masks import Masker
from app.errors import ConfigError, ExitStatus, StoreUnavailable
from app.niceness import give_way, wake_punctually
from app.open_files import raise_open_file_limit
from app.runtime.supervisor import Process, supervise
from app.setting_variables import production_settings
from app.store.brokers import connect_broker
from app.store.causes import Server
from app.store.connecting import connect
from app.store.connection_names import name_connections
from app.store.coordination import Coordination
from app.store.inspection import inspect
from app.store.outages import OUTAGES
from app.wiring import rebalance
from app.wiring.archive import archive_of, archive_store
from app.wiring.engine import Engine, worker_engine
from app.wiring.start import await_servers

log = logging.getLogger(__name__)

UPKEEP_NICENESS = 10
"""Costly schedules are planned by upkeep: it gets a tenth of what a delivery worker gets when both
want the same processor, and a delivery worker that wakes need not wait for it (sched(7))."""

BROKER_PAUSE_S = 0.25
"""How long a worker waits before it tries RQ's Redis again."""

LEAVE_S = 1.0
"""How long a process that ends tries to tell the store so."""

BROKER_AWAY = "%s is away; this process goes on when it is there"

GC_THRESHOLD = 50_000
"""How many more objects than after the last collection start the next collection."""

TRACED_SWITCH_S = 0.0005
"""How long the thread that sends spans may keep the interpreter when a drain waits for it, seconds:
at Python's own 5 ms it would make deliveries late."""

USAGE = (
    "usage: python worker.py [deliver | upkeep | scheduler | reencrypt | inspect ID | archive … | "
    "rebalance --partitions N]\n"
)

INSPECT, ARCHIVE, REBALANCE = "inspect", "archive", "rebalance"

WORKER = Path(__file__).resolve().parent.parent / "worker.py"


def main(arguments: Sequence[str]) -> int:
    """Run one role until told to stop; returns the exit status (see ``ExitStatus``)."""
    raise_open_file_limit()
    role = arguments[0] if arguments else "host"
    roles: dict[str, Callable[[Engine], None]] = {
        "deliver": deliver,
        "upkeep": upkeep,
        "scheduler": schedule,
        "reencrypt": reencrypt,
    }
    wanted = 2 if role == INSPECT else 1
    is_right = role in (ARCHIVE, REBALANCE) or len(arguments) in (0, wanted)
    if not is_right or role not in {"host", INSPECT, ARCHIVE, REBALANCE, *roles}:
        sys.stderr.write(USAGE)
        return ExitStatus.SETTINGS
    name_connections(role)
    try:
        settings = production_settings(os.environ)
        logs.configure(settings)
        if role == ARCHIVE:
            return use_archive(settings, arguments[1:])
        await_servers(settings, wait=role not in (INSPECT, REBALANCE))
        if role in (INSPECT, REBALANCE):
            act = inspect_one if role == INSPECT else rebalance.run
            return act(settings, arguments[1:])
        archive_of(settings)  # a place that can't be reached at all is told of now
        engine = _engine_when_store_is_there()
        if role == "host":
            return host(settings)
        if role == "reencrypt":
            reencrypt(engine)
        else:
            announced(engine, roles[role])
    except ConfigError as error:
        logs.say(error.message, os.environ)
        return error.exit_status
    return 0


def announced(engine: Engine, run: Callable[[Engine], None]) -> None:
    """Run a role; meanwhile this process counts as alive, and no longer when it ends."""
    announcing = engine.services.processes.start(engine.stop)
    try:
        run(engine)
    finally:
        engine.stop.set()
        announcing.join(LEAVE_S)
        engine.services.counts.leave()


def _engine_when_store_is_there() -> Engine:
    """Wait for the store: a worker that starts before it must not need a restart."""
    while True:
        try:
            return worker_engine()
        except StoreUnavailable as error:
            log.warning("this process starts when the store is there: %s", error.message)
            threading.Event().wait(0.5)


def use_archive(settings: Settings, arguments: Sequence[str]) -> int:
    """Read the archive; returns the exit status, see ``app.archive.command``."""

    def store() -> archive_command.ArchiveStore:
        return archive_store(worker_engine().services.storage)

    return archive_command.run(arguments, archive_of(settings), store)


def inspect_one(settings: Settings, arguments: Sequence[str]) -> int:
    """Print what is stored of an event or an occurrence; returns 1 if there is none."""
    (text,) = arguments
    with connect(settings.redis_url, settings.store_login) as client:
        try:
            Coordination(client).follow_partitions()
            lines = inspect(client, text)
        except StoreUnavailable as error:
            sys.stderr.write(f"{error.message}\n")
            return ExitStatus.FAILED
    if lines is None:
        sys.stderr.write(f"The store has no event and no occurrence with the id {text!r}.\n")
        return ExitStatus.FAILED
    sys.stdout.write("\n".join(lines) + "\n")
    return ExitStatus.OK


def deliver(engine: Engine) -> None:
    """Run drains until told to stop."""
    wake_punctually()
    # A drain's objects form no reference cycles, so reference counting frees them. Collections at
    # Python's own threshold, which also looked at every imported module, took a tenth of its time.
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    if engine.drains.traces is not None:
        sys.setswitchinterval(TRACED_SWITCH_S)
    engine.watch_signing_secrets()
    if engine.services.settings.has_own_broker:  # without the store nothing can be delivered
        engine.watch_broker()
    try:
        _run_worker(engine, rq_queues.DELIVER)
    finally:
        engine.stop.set()
        engine.close()


def upkeep(engine: Engine) -> None:
    """Run upkeep jobs until told to stop, when deliveries leave a processor free for them.

    Beside them a thread looks for what alerts tell of, one rolls up what was counted, and one sends
    the canary.
    """
    give_way(UPKEEP_NICENESS)
    beside = [
        threading.Thread(target=engine.tell_alerts, name="alerts", daemon=True),
        threading.Thread(target=engine.roll_up, name="stats", daemon=True),
        threading.Thread(target=engine.send_canary, name="canary", daemon=True),
    ]
    for one in beside:
        one.start()
    try:
        _run_worker(engine, rq_queues.UPKEEP)
    finally:
        engine.stop.set()
        for one in beside:
            one.join(LEAVE_S)


def _run_worker(engine: Engine, name: str) -> None:
    settings = engine.services.settings
    while not engine.stop.is_set():
        broker = connect_broker(settings.broker, settings.broker_login)
        # RQ's worker ends when its Redis is away, full or read-only; it can't be made without it.
        try:
            _handle_signals(_exit)  # until RQ installs its own handlers
            worker = rq_queues.worker(name, broker, on_stop=engine.stop.set)
            worker.mask = Masker(settings.secrets)
            worker.work(logging_level="WARNING")
        except redis.exceptions.RedisError as error:
            OUTAGES.tell(error, Server.of(settings.broker_variable, broker.connection_pool))
        except StopRequested:
            # The signal came while RQ's worker was already ending: RQ does not catch it there.
            engine.stop.set()
        finally:
            broker.close()
        if not engine.stop.is_set():
            log.warning(BROKER_AWAY, settings.broker_name)
            _handle_signals(_exit)
        engine.stop.wait(BROKER_PAUSE_S)


def _handle_signals(handler: Callable[..., None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)


def _exit(*_: object) -> None:
    """End at once: no job is running."""
    sys.exit(0)


def schedule(engine: Engine) -> None:
    """Call for drains and enqueue upkeep jobs until told to stop."""
    stop = engine.stop
    _handle_signals(lambda *_: stop.set())
    calls = engine.upkeep_calls
    engine.measure_loops()
    # (A daemon: it is not awaited while it sleeps.)
    threading.Thread(target=calls.run, args=(stop,), name="upkeep", daemon=True).start()
    try:
        engine.scheduler.run(stop)
    finally:
        stop.set()
        calls.finish()


def reencrypt(engine: Engine) -> None:
    """Encrypt every stored secret with the current key; the key before is then not needed any more.

    Raises ``ConfigError`` if no known key decrypts a secret.
    """
    done = engine.reencrypt()
    sys.stdout.write(f"{done.replaced} secrets were sealed anew.\n")
    if done.unreadable:
        some = ", ".join(done.unreadable[:10])
        raise ConfigError(
            f"{len(done.unreadable)} secrets open with no key that is known: set "
            f"QHRONOS_ENCRYPTION_KEY_PREVIOUS, or give these new ones: {some}."
        )


def host(settings: Settings) -> int:
    """Run everything that one worker host runs, supervised."""
    roles = ["scheduler", "upkeep", *["deliver"] * settings.workers]
    processes = [
        Process(f"{role}.{index}", [sys.executable, str(WORKER), role])
        for index, role in enumerate(roles)
    ]
    return supervise(
        processes, grace_ms=settings.stop_grace_ms, wrap=logs.wrapper(settings.log_format)
    )
