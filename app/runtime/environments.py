"""What the processes of ``make run`` are told: who is not Qhronos gets no more than it needs.

Every user of the host's own account reads the environment of a process, and so does whoever gets
into it.
"""

from __future__ import annotations

from collections.abc import Mapping

from app import otel_variables
from app.config import PREFIX

_OF_INBOX = frozenset({f"{PREFIX}SIGNING_SECRET", f"{PREFIX}SIGNING_SECRET_FILE"})


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment less our settings, the secrets among them: for the store.

    OpenTelemetry's variables are for us as well, and may have a token of the collector.
    """
    ours = (PREFIX, otel_variables.PREFIX)
    return {name: value for name, value in environ.items() if not name.startswith(ours)}


def of_inbox(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the inbox: of our settings only what it checks signatures with."""
    needed = {name: environ[name] for name in _OF_INBOX & environ.keys()}
    return without_settings(environ) | needed
