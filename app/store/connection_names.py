"""What the connections of this process are called, and what is the same for all of them."""

from __future__ import annotations

from typing import Any

NO_DRIVER = None
"""Connections do not name the client's library to the server. Its version is read from a file, for
each connection anew: a process that may open no more files fails at that, with an unknown error."""

_role = "process"


def name_connections(role: str) -> None:
    """Have the connections that this process makes from now on called ``qhronos-<role>``.

    An operator sees the name in ``CLIENT LIST``. A process has one role for its life.
    """
    global _role  # noqa: PLW0603 - a fact about the process, like its id
    _role = role


def role() -> str:
    """The role of this process; see ``name_connections``."""
    return _role


def client_name() -> str:
    """What connections of this process are called."""
    return f"qhronos-{_role}"


def own_options() -> dict[str, Any]:
    """What is the same for every connection."""
    return {"protocol": 2, "client_name": client_name(), "driver_info": NO_DRIVER}
