"""The files in ``deploy/`` name settings, commands and files that exist, and the guide names them."""

from __future__ import annotations

import re
import shlex
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config import PREFIX
from app.setting_variables import READERS, load_settings
from app.workers import USAGE
from tests.docs.pages import ROOT, page

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SETTINGS = {PREFIX + name + end for name in READERS for end in ("", "_FILE")}
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
PARTS = {"api": "web", "worker": "worker", "upkeep": "upkeep", "scheduler": "scheduler"}
"""What a part is called here, and in ``compose.yaml``."""
GRACE_S = 8.0
"""``QHRONOS_STOP_GRACE``, unless a file says something else."""


class Unit(RawConfigParser):
    """A unit of systemd; a directive may be given more than once."""

    def __init__(self, path: Path) -> None:
        super().__init__(strict=False, interpolation=None, delimiters=("=",))
        self.optionxform = str  # type: ignore[assignment,method-assign]
        self.read_string(path.read_text(encoding="utf-8").replace("\\\n", " "))


UNITS = {path.name: Unit(path) for path in sorted((DEPLOY / "systemd").iterdir())}
MANIFESTS: dict[str, list[Any]] = {
    path.name: list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    for path in sorted((DEPLOY / "kubernetes").iterdir())
}


def of_kind(kind: str) -> dict[str, Any]:
    """The resources of a kind, by name."""
    return {
        one["metadata"]["name"]: one
        for resources in MANIFESTS.values()
        for one in resources
        if one["kind"] == kind
    }


def command_of(part: str) -> list[str]:
    command: list[str] = COMPOSE["services"][PARTS[part]]["command"]
    return command


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"\bQHRONOS_[A-Z_]+", path.read_text(encoding="utf-8")))
    assert named <= SETTINGS


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_the_guide_names_every_file(path: Path) -> None:
    """A file, or its directory, stands in a page of the guide."""
    pages = page("docs/deployment.md").text + page("docs/operations.md").text
    assert f"`{path.relative_to(ROOT)}`" in pages or f"`{path.parent.relative_to(ROOT)}/`" in pages


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_started_as_compose_starts_it(part: str) -> None:
    """By systemd and by Kubernetes; a role of ``worker.py`` is one that it knows."""
    command = command_of(part)
    if command[0] == "python":
        assert command[2] in re.split(r"[\[\] |]+", USAGE)
    (unit,) = (name for name in UNITS if name.startswith(f"qhronos-{part}"))
    started = shlex.split(UNITS[unit]["Service"]["ExecStart"])
    assert [Path(started[0]).name, *started[1:]] == command
    assert UNITS[unit]["Service"]["WorkingDirectory"] == "/opt/qhronos/server"
    (container,) = of_kind("Deployment")[f"qhronos-{part}"]["spec"]["template"]["spec"][
        "containers"
    ]
    assert container["command"] == command


def test_the_store_has_the_same_settings_everywhere() -> None:
    """``docs/operations.md`` has them, with reasons."""
    wanted = set(zip(*[iter(COMPOSE["services"]["store"]["command"][1:])] * 2, strict=True))
    unit = shlex.split(UNITS["qhronos-store.service"]["Service"]["ExecStart"])[1:]
    (container,) = of_kind("StatefulSet")["qhronos-store"]["spec"]["template"]["spec"]["containers"]
    for words in (unit, container["command"][1:]):
        assert wanted <= set(zip(words[::2], words[1::2], strict=True))
    assert container["image"] == COMPOSE["services"]["store"]["image"]


def test_the_settings_of_kubernetes_can_be_read_and_leave_time_to_stop() -> None:
    given = of_kind("ConfigMap")["qhronos-settings"]["data"]
    grace_s = load_settings(given).stop_grace_ms / 1000
    for name, one in of_kind("Deployment").items():
        pod = one["spec"]["template"]["spec"]
        before = pod["containers"][0].get("lifecycle")
        pause = float(before["preStop"]["exec"]["command"][1]) if before else 0
        assert pod["terminationGracePeriodSeconds"] > grace_s + pause, name


def test_units_leave_time_to_stop() -> None:
    for name, unit in UNITS.items():
        if name.endswith(".service") and "store" not in name:
            assert float(unit["Service"]["TimeoutStopSec"].removesuffix("s")) > GRACE_S + 2, name


def test_no_pod_is_root_or_can_write_to_its_image() -> None:
    for one in [*of_kind("Deployment").values(), *of_kind("StatefulSet").values()]:
        pod = one["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["runAsUser"] > 0
        assert not pod["automountServiceAccountToken"]
        for container in pod["containers"]:
            rights = container["securityContext"]
            assert rights["readOnlyRootFilesystem"]
            assert not rights["allowPrivilegeEscalation"]
            assert rights["capabilities"] == {"drop": ["ALL"]}


def test_what_points_at_pods_finds_them() -> None:
    """Selectors of services and budgets, targets of scalers, and the files of the kustomization."""
    labels = [
        one["spec"]["template"]["metadata"]["labels"]
        for one in [*of_kind("Deployment").values(), *of_kind("StatefulSet").values()]
    ]
    selectors = [one["spec"]["selector"] for one in of_kind("Service").values()]
    selectors += [
        one["spec"]["selector"]["matchLabels"] for one in of_kind("PodDisruptionBudget").values()
    ]
    for selector in selectors:
        assert sum(selector.items() <= these.items() for these in labels) == 1, selector
    for one in of_kind("HorizontalPodAutoscaler").values():
        assert one["spec"]["scaleTargetRef"]["name"] in of_kind("Deployment")
    (listed,) = MANIFESTS["kustomization.yaml"]
    apart = {"kustomization.yaml", "secret.example.yaml", "by-lag.yaml", "backup.yaml"}
    assert {*listed["resources"]} == ({*MANIFESTS} - apart) | {"secret.yaml"}


@pytest.mark.parametrize("name", ["nginx/qhronos.conf", "caddy/Caddyfile"])
def test_proxies_hand_on_the_largest_body_that_a_setting_allows(name: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    (mebibytes,) = re.findall(r"max_(?:body_)?size (\d+)(?:m;|MiB)", text)
    largest = {"QHRONOS_MAX_BODY_BYTES": str(int(mebibytes) << 20)}
    assert load_settings(largest).max_body_bytes == int(mebibytes) << 20
