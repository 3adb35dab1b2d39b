"""``compose.yaml``: every part gets every setting and may do little; the monitoring finds them."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from app.config import PREFIX
from app.setting_variables import READERS, load_settings
from tests.docs.pages import ROOT

OF_THE_CONTAINER = {"HOST", "PORT", "LOG_FORMAT"}
"""What the image or the container decides."""
OTHER_CONTAINERS = {"REDIS_URL", "CANARY_URL"}
"""What leads to other containers; ``.env`` may say otherwise."""

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
PARTS = {name: one for name, one in SERVICES.items() if one["image"] == "qhronos"}
MONITORING = {name: one for name, one in SERVICES.items() if "profiles" in one}
KUBERNETES = {"web": "api"}
"""What a part is called in ``deploy/kubernetes/``, if not as here."""


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / "deploy" / name).read_text(encoding="utf-8"))


def memory_mib(text: str) -> int:
    """``1024M`` as Compose writes it, ``1Gi`` as Kubernetes does."""
    number, unit = re.fullmatch(r"(\d+)(\w+)", text).groups()  # type: ignore[union-attr]
    return int(number) * {"M": 1, "Mi": 1, "Gi": 1024}[unit]


def test_every_part_gets_every_setting_from_one_file() -> None:
    """What the containers decide themselves counts more than the file, and is nothing else."""
    assert set(PARTS) == {"web", "worker", "upkeep", "scheduler"}
    for name, service in PARTS.items():
        assert service["env_file"] == [".env"], name
        assert set(service["environment"]) == {
            PREFIX + name for name in OF_THE_CONTAINER | OTHER_CONTAINERS
        }


def test_the_example_of_that_file_names_every_setting() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert {PREFIX + name for name in READERS} <= set(
        re.findall(r"^#(QHRONOS_\w+)=", text, re.MULTILINE)
    )


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_can_write_to_its_image_or_has_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:"), "only this machine reaches it"


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_has_a_limit_of_memory_that_of_kubernetes(name: str) -> None:
    limit = SERVICES[name]["deploy"]["resources"]["limits"]["memory"]
    if name in MONITORING:
        return
    for resource in yaml.safe_load_all(
        (ROOT / "deploy" / "kubernetes" / f"{KUBERNETES.get(name, name)}.yaml").read_text()
    ):
        if resource["kind"] in ("Deployment", "StatefulSet"):
            (container,) = resource["spec"]["template"]["spec"]["containers"]
            assert memory_mib(limit) == memory_mib(container["resources"]["limits"]["memory"])


def test_what_has_a_port_has_a_health_check() -> None:
    """That of ``web`` is the image's."""
    for name, service in SERVICES.items():
        check = service.get("healthcheck", {})
        if name == "web":
            assert not check
            assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
        elif name in PARTS:
            assert check == {"disable": True}
        else:
            assert check["test"][0].startswith("CMD")


def test_only_the_parts_reach_the_store() -> None:
    assert COMPOSE["networks"]["store"]["internal"]
    on_it = {name for name, one in SERVICES.items() if "store" in one.get("networks", [])}
    assert on_it == {"store", *PARTS}


def test_a_part_has_time_to_stop() -> None:
    for name, service in PARTS.items():
        grace_s = float(service["stop_grace_period"].removesuffix("s"))
        assert grace_s > load_settings({}).stop_grace_ms / 1000 + 2, name


def test_what_is_mounted_from_the_checkout_is_there_and_stays_as_it_is() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source, _, rest = volume.partition(":")
            if source.startswith("./"):
                assert (ROOT / source).is_dir(), source
                assert rest.endswith(":ro"), volume
            else:
                assert source in COMPOSE["volumes"]


def test_the_monitoring_waits_for_its_profile_and_finds_everything() -> None:
    """Prometheus the API and its token, Grafana that Prometheus and its dashboard."""
    assert set(MONITORING) == {"prometheus", "grafana"}
    assert all(service["profiles"] == ["monitoring"] for service in MONITORING.values())
    (job,) = read("prometheus/prometheus.yml")["scrape_configs"]
    address = f"web:{SERVICES['web']['environment']['QHRONOS_PORT']}"
    assert job["static_configs"] == [{"targets": [address]}]
    (secret,) = SERVICES["prometheus"]["secrets"]
    assert job["authorization"]["credentials_file"] == f"/run/secrets/{secret}"
    assert secret in COMPOSE["secrets"]
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    (source,) = read("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = read("grafana/provisioning/dashboards/qhronos.yml")["providers"]
    path = provider["options"]["path"]
    assert f"./deploy/grafana/dashboards:{path}:ro" in SERVICES["grafana"]["volumes"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home.startswith(path)
    assert (ROOT / "deploy" / "grafana" / "dashboards" / home.removeprefix(f"{path}/")).is_file()
