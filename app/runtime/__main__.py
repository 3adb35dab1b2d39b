"""``make run``: everything that Qhronos needs, on this machine, in the foreground.

Beside it ``python -m app.runtime audit-check FILE``, and for the store of ``make run``, while that
is stopped, ``python -m app.runtime reencrypt`` and ``python -m app.runtime repair``. ``python -m
app.runtime inspect ID``, ``… archive`` and ``… rebalance`` work in both cases.
"""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from app import __version__, logs
from app.config import Settings
from app.errors import ConfigError, ExitStatus
from app.open_files import raise_open_file_limit
from app.runtime.embedded import OVERCOMMIT, EmbeddedStore, free_port
from app.runtime.environments import of_inbox
from app.runtime.links import sign_in_link
from app.runtime.local import (
    LOCAL_TARGETS,
    LocalRun,
    base_url,
    example,
    prepare,
    reaches_loopback,
    token_file,
)
from app.runtime.maintenance import check_file, inspect, maintain, on_store, repair_store
from app.runtime.supervisor import Process, supervise
from app.setting_readers import environment

STORE_STOP_S = 30.0
"""The store writes out its file when it stops, which is worth waiting for."""

PATIENCE_S = 20.0


COMMANDS: dict[str, Callable[[Mapping[str, str], Sequence[str]], int]] = {
    "archive": lambda environ, arguments: on_store(environ, "archive", *arguments),
    "audit-check": lambda _, arguments: check_file(arguments),
    "inspect": inspect,
    "rebalance": lambda environ, arguments: on_store(environ, "rebalance", *arguments),
    "reencrypt": lambda environ, _: maintain(environ, "reencrypt"),
    "repair": lambda environ, _: repair_store(environ),
}
"""Commands that end by themselves; each answers the exit status."""

TAKE_ARGUMENTS = frozenset({"archive", "audit-check", "inspect", "rebalance"})


def main(argv: list[str], environ: Mapping[str, str]) -> int:
    """Run until a signal; answer the exit status (see ``ExitStatus``)."""
    raise_open_file_limit()
    if argv[:1] and argv[0] in COMMANDS and (argv[0] in TAKE_ARGUMENTS or not argv[1:]):
        return COMMANDS[argv[0]](environ, argv[1:])
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument(
        "--no-inbox", action="store_true", help="do without the inbox that prints webhooks"
    )
    parser.add_argument(
        "--accept-empty",
        action="store_true",
        help="begin with an empty store where its files are gone; what is left is put aside",
    )
    options = parser.parse_args(argv)
    store: EmbeddedStore | None = None
    try:
        run = prepare(environment(environ))
        if not run.settings.redis_url:
            store = EmbeddedStore(
                run.settings.data_dir,
                fsync=run.settings.store_fsync,
                accept_empty=options.accept_empty,
            )
            run = run.with_setting("REDIS_URL", store.open())
        _require_free(run.settings)
        status = _supervise(run, store, inbox=not options.no_inbox)
        if status == ExitStatus.FAILED and store and (cause := store.why_not()):
            raise cause
    except ConfigError as error:
        logs.say(error.message, environ)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    else:
        return status
    finally:
        if store:
            store.close()


def _supervise(run: LocalRun, store: EmbeddedStore | None, *, inbox: bool) -> int:
    settings = run.settings
    environ = {**run.environ, "PYTHONUNBUFFERED": "1"}
    python = sys.executable

    def ours(name: str, *argv: str) -> Process:
        return Process(name, (python, *argv), environ)

    health = _Health(base_url(settings), settings.log_format)
    processes = [
        Process("web", (python, "-m", "gunicorn", "wsgi:app"), environ, ready=health.ready),
        ours("scheduler", "worker.py", "scheduler"),
        ours("upkeep", "worker.py", "upkeep"),
        *(ours(f"deliver-{n}", "worker.py", "deliver") for n in range(1, settings.workers + 1)),
    ]
    webhook = None
    if inbox and reaches_loopback(settings):
        port = free_port(settings.port + 1)
        webhook = f"http://127.0.0.1:{port}/hello"
        argv = (python, "-m", "app.runtime.inbox", str(port))
        processes.append(Process("inbox", argv, of_inbox(environ)))
    stages = [processes]
    if store:
        own = Process(
            "store",
            store.argv,
            store.environ,
            ready=store.ready,
            stop_s=STORE_STOP_S,
            pass_fds=store.pass_fds,
            unheard=OVERCOMMIT,
            attempts=1,  # it would say the same again
        )
        stages.insert(0, [own])
    return supervise(
        *stages,
        grace_ms=settings.stop_grace_ms,
        on_ready=lambda: _say(_banner(run, webhook), settings.log_format),
        wrap=logs.wrapper(settings.log_format),
    )


def _banner(run: LocalRun, webhook: str | None) -> str:
    url = base_url(run.settings)
    lines = [f"Qhronos {__version__} is ready at {url} (documentation: {url}/docs)"]
    # (For somebody who reads it now: whatever is not a terminal may be kept, and read by others.)
    if sys.stdout.isatty() and (link := sign_in_link(url, run.settings.master_token)):
        lines.append(f"Console: {link} (signs you in, once, within ten minutes)")
    else:
        lines.append(f"Console: {url}/ (sign in with the master token)")
    lines += [
        f"Master token: {token_file(run) or 'as set in QHRONOS_MASTER_TOKEN'}",
    ]
    if "ALLOW_PRIVATE_TARGETS" in run.made:
        lines.append(
            f"Webhooks may reach {LOCAL_TARGETS} beside public addresses: "
            "set QHRONOS_ALLOW_PRIVATE_TARGETS to change that."
        )
    if webhook:
        lines += ["This sends a webhook to the inbox below, two seconds later:", ""]
        lines.append("  " + example(run, webhook))
    else:
        lines += ["Its state:", "", f"  curl -s {url}/status"]
    return "\n" + "\n".join(lines) + "\n"


class _Health:
    """Asks ``/health`` until it says 200; says so if that takes long."""

    def __init__(self, url: str, log_format: str) -> None:
        self._url = url
        self._log_format = log_format
        self._say_at = time.monotonic() + PATIENCE_S

    def ready(self) -> bool:
        answer = "nothing"
        connection = http.client.HTTPConnection(urlsplit(self._url).netloc, timeout=1)
        try:
            connection.request("GET", "/health")
            response = connection.getresponse()
            if response.status == http.HTTPStatus.OK:
                return True
            answer = f"{response.status} {response.read(500).decode(errors='replace').strip()}"
        except (OSError, http.client.HTTPException):
            pass  # not up yet
        finally:
            connection.close()
        if time.monotonic() > self._say_at:
            self._say_at = time.monotonic() + PATIENCE_S
            text = f"Still waiting for {self._url}/health; it answers {answer}."
            _say(text, self._log_format)
        return False


def _require_free(settings: Settings) -> None:
    """Refuse a port that is taken before anything is started on it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise ConfigError(
                f"Can't listen on {settings.host}:{settings.port} ({error.strerror}): stop what "
                "uses it, or set QHRONOS_PORT and QHRONOS_HOST to an address that is free."
            ) from None


def _say(text: str, log_format: str) -> None:
    """Write a text for people; in a JSON log each of its lines is an entry."""
    if log_format == "json":
        text = "\n".join(logs.wrapped("run", line) for line in text.splitlines() if line)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.umask(0o077)  # what we and our children write is for the owner
    sys.exit(main(sys.argv[1:], os.environ))
