"""Stands in for ``docker compose``: refuses words that it does not know, and services that are not.

What the commands would start is in ``compose.yaml``; no test can start containers.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

COMPOSE = Path(__file__).parents[2] / "compose.yaml"
OPTIONS = {"up": {"--build", "--detach", "--scale"}, "restart": set()}


def main(words: list[str]) -> None:
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    if words[:1] != ["compose"]:
        sys.exit(f"this stand-in for docker does not know {words}")
    rest = words[1:]
    if rest[0] == "--profile":
        if not any(rest[1] in one.get("profiles", []) for one in services.values()):
            sys.exit(f"compose.yaml has no profile {rest[1]}")
        rest = rest[2:]
    if rest[0] not in OPTIONS:
        sys.exit(f"this stand-in for docker does not know {words}")
    for word in rest[1:]:
        name = word.partition("=")[0]
        if not (word in OPTIONS[rest[0]] or name in services):
            sys.exit(f"compose.yaml has no service {name}, or this is no option: {word}")


if __name__ == "__main__":
    main(sys.argv[1:])
