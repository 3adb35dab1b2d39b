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
    if words[:1] != ["compose"] or words[1] not in OPTIONS:
        sys.exit(f"this stand-in for docker does not know {words}")
    for word in words[2:]:
        name = word.partition("=")[0]
        if not (word in OPTIONS[words[1]] or name in services):
            sys.exit(f"compose.yaml has no service {name}, or this is no option: {word}")


if __name__ == "__main__":
    main(sys.argv[1:])
