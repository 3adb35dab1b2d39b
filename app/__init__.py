"""Qhronos: a self-hosted scheduler that delivers signed webhooks at the right moment."""

from __future__ import annotations

__version__ = "0.2.0"
