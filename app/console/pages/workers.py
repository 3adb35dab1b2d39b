"""Workers: which processes are alive, what they say of themselves, and what is wrong with them."""

from __future__ import annotations

from flask import Blueprint, render_template

from app.api.http.auth import require_admin
from app.api.http.context import services
from app.domain.outcome import LOCAL_FAULTS
from app.services.processes import ALIVE_MS
from app.store.shards import if_there

ROLES = ("web", "deliver", "scheduler", "upkeep")
"""In which order they are shown; others come after."""


def add_to(console: Blueprint) -> None:
    """Add the path."""
    console.add_url_rule("/workers", "workers", show)


def show() -> str:
    """The processes, by role and host."""
    require_admin()
    alive = if_there(services().processes.alive) or []
    alive.sort(key=lambda one: (_place(one.role), one.role, one.host, one.pid))
    status = services().health.status(admin=True)
    return render_template(
        "console/workers.html",
        alive=alive,
        silent_s=ALIVE_MS // 1000,
        status=status,
        differing={
            name
            for one in alive
            for name, digest in one.settings.items()
            if any(other.settings.get(name, digest) != digest for other in alive)
        },
        drains=if_there(services().health.drains) or 0,
        put_off=[
            (LOCAL_FAULTS.get(fault, fault), count)
            for fault, count in (if_there(services().health.put_off) or {}).items()
        ],
    )


def _place(role: str) -> int:
    return ROLES.index(role) if role in ROLES else len(ROLES)
