"""How gunicorn serves ``wsgi:app``; it finds this file by itself in the directory it starts in.

Elsewhere it is to be named: ``gunicorn -c DIR/gunicorn.conf.py wsgi:app``.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from pathlib import Path
from typing import Any

# Read from wherever gunicorn was started, where there may be other modules of our names.
sys.path.insert(0, str(Path(__file__).resolve().parent))

# All of the application is read here, before there are workers: each begins at once, and those that
# a reload starts have the same code as their master, whatever has become of the files.
import app.factory  # noqa: F401
from app.config import Settings
from app.errors import ConfigError, StoreUnavailable
from app.http_server.generations import GENERATIONS, note_end, note_stop
from app.http_server.message_logger import MessageLogger
from app.http_server.worker import AsyncWorker
from app.logs import configure, logging_config, say
from app.open_files import raise_open_file_limit
from app.setting_variables import production_settings
from app.store.connection_names import name_connections
from app.wiring.services import build_services
from app.wiring.start import await_servers

_files = raise_open_file_limit()


def checked_settings() -> Settings:
    """Read the settings and look at the store that they name; raises ``ConfigError``."""
    found = production_settings(os.environ)
    configure(found)
    await_servers(found, wait=False)
    with contextlib.suppress(StoreUnavailable):  # workers wait for the store
        services = build_services(found)
        services.storage.agreement.migrate()
        services.store_settings()
    return found


# Checked here, once: a worker that cannot start would be restarted again and again.
name_connections("web-master")
try:
    settings = checked_settings()
except ConfigError as error:
    say(f"qhronos: {error.message}", os.environ)
    sys.exit(error.exit_status)

_host = f"[{settings.host}]" if ":" in settings.host else settings.host

bind = [f"{_host}:{settings.port}"]
workers = settings.web_workers
# Threads wait for the store most of the time; they answer requests, and hold no connections.
worker_class = AsyncWorker
AsyncWorker.proxies = settings.trusted_proxies
threads = settings.web_threads
preload_app = False
asgi_loop = "uvloop"
asgi_lifespan = "off"
# The parser whose strictness tests/security/test_wire.py proves; another may be installed.
http_parser = "python"
# A request whose client has gone is not begun.
asgi_disconnect_grace_period = 0

# Seconds that a worker may show no life before it is replaced.
timeout = 30
graceful_timeout = max(1, settings.stop_grace_ms // 1000)
# Longer than the pause between the requests of a busy client, shorter than proxies' 60 s.
keepalive = 30
backlog = 1024
# For each worker. A connection is a file: the rest is for connections that are just being taken,
# for the store's and for files.
worker_connections = min(10_000, max(_files - backlog - 256, _files // 2))

# A list of tags may be long; the rest are gunicorn's own limits, written down.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# The workers' sign of life is a file: in memory, where a slow disk can't stall it.
if Path("/dev/shm").is_dir():  # noqa: S108 - gunicorn makes an anonymous file there
    worker_tmp_dir = "/dev/shm"  # noqa: S108

# No header sets the scheme or the path; the caller's address is read in app/api/http/proxies.py.
forwarded_allow_ips = ""
forwarder_headers = ""

# Nothing here uses gunicorn's remote control, and two instances would share its socket.
control_socket_disable = True

# No line for each request (changes are in the audit log); gunicorn's messages go where ours go.
accesslog = None
logger_class = MessageLogger
logconfig_dict = logging_config(settings)


# What has been read stays: to look for garbage in it takes half a second of each process's end, and
# would give each worker a copy of its own of the memory that they share.
gc.freeze()


def on_starting(server: Any) -> None:
    """Refuse what the command line changes and what must not be changed."""
    if not issubclass(server.cfg.worker_class, AsyncWorker):
        say(
            "qhronos: The API needs the worker class of gunicorn.conf.py: leave out --worker-class "
            "(-k), also in GUNICORN_CMD_ARGS.",
            os.environ,
        )
        sys.exit(2)

    refuse_to_reload_what_cannot_start(server)
    note_stop(server)


def refuse_to_reload_what_cannot_start(server: Any) -> None:
    """Have the API go on as it is if a reload (SIGHUP) meets settings that a start would refuse.

    gunicorn reads this file again then, and its master would end, with all that it serves.
    """
    reload = server.handle_hup

    def handle_hup() -> None:
        try:
            checked_settings()
        except ConfigError as error:
            say(f"qhronos: Not reloaded, and serving as before: {error.message}", os.environ)
        else:
            reload()

    server.handle_hup = handle_hup


def on_reload(_server: object) -> None:
    """Have the old workers go on until the new ones serve."""
    GENERATIONS.begin()


def pre_exec(server: Any) -> None:
    """Have another master (SIGUSR2) start as this one did.

    gunicorn runs what ``python -m gunicorn`` has run as a file: then its own directory is the first
    to be searched, and its ``http`` is taken for Python's.
    """
    argv = server.START_CTX["args"]
    if Path(argv[1]).name == "__main__.py":
        argv[1:2] = ["-m", "gunicorn"]


def child_exit(_server: object, worker: Any) -> None:
    """Have the next worker say of this one that it is gone: nobody waits for what it was doing."""
    note_end(worker.pid)


def post_fork(_server: object, _worker: object) -> None:
    """Let threads take turns more often.

    A thread whose answer from the store is there waits for the others to let go of the
    interpreter: at Python's own 5 ms for each, most of a request's time would be that.
    """
    sys.setswitchinterval(0.0005)
