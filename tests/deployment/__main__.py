"""``make deployments``: what is in ``deploy/`` is run, or judged by the programs it is made for.

nginx and Caddy run before a real instance, and Prometheus reads it. systemd's own tools read the
units, and validators with the schemas of Kubernetes and Compose the manifests and `compose.yaml`. A
program that is not here is named, and the status is 1.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.deployment import monitoring
from tests.deployment.proxies import caddy, check, nginx
from tests.support.processes import ROOT

DEPLOY = ROOT / "deploy"
UNITS = DEPLOY / "systemd"
MOST_EXPOSED = 2.0
"""What ``systemd-analyze security`` may say of a unit: 0 is safest, 10 is not safe at all."""


def main() -> None:
    options = argparse.ArgumentParser(prog="make deployments")
    options.add_argument("--validator", type=Path, help="the program kubernetes-validate")
    options.add_argument("--compose-validator", type=Path, help="the program dclint")
    chosen = options.parse_args()
    needed = ("systemd-analyze", "nginx", "caddy", "prometheus")
    missing = [name for name in needed if not shutil.which(name)]
    if "systemd-analyze" not in missing:
        units()
    if chosen.validator:
        manifests(chosen.validator)
    if chosen.compose_validator and chosen.compose_validator.exists():
        run(str(chosen.compose_validator), "--quiet", str(ROOT / "compose.yaml"))
        print("compose.yaml fits the schema of Compose.")
    else:
        missing.append("npm")
    for proxy in (nginx, caddy):
        if proxy.__name__ not in missing:
            print(check(proxy))
    if "prometheus" not in missing:
        print(monitoring.check())
    if missing:
        sys.exit(f"Not checked, as this is not installed: {', '.join(missing)}.")


def units() -> None:
    """See that systemd understands each unit, and how much each may do."""
    with tempfile.TemporaryDirectory(prefix="qhronos-") as name:
        root = Path(name)
        shutil.copytree(UNITS, root / "etc" / "systemd" / "system")
        shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
        for program in named_programs():
            stand_in = root / program.lstrip("/")
            stand_in.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy("/bin/true", stand_in)
        for unit in sorted(UNITS.iterdir()):
            one = unit.name.replace("@.", "@1.")
            path = f"/etc/systemd/system/{one}"
            said = run("systemd-analyze", "verify", f"--root={root}", "--man=no", path)
            # What it says of the system's own units is none of our business.
            ours = [line for line in said.splitlines() if "qhronos" in line]
            assert not ours, said
    for unit in sorted(UNITS.glob("*.service")):
        said = run("systemd-analyze", "security", "--offline=true", "--no-pager", str(unit))
        level = float(said.rpartition("exposure level for ")[2].split(": ")[1].split()[0])
        assert level <= MOST_EXPOSED, f"{unit.name}: {level}"
        print(f"{unit.name}: systemd reads it without a word; exposure {level}")


def named_programs() -> Iterator[str]:
    """What the units start."""
    for unit in UNITS.glob("*.service"):
        for line in unit.read_text(encoding="utf-8").splitlines():
            name, _, command = line.partition("=")
            if name.startswith("Exec"):
                yield command.split()[0]


def manifests(validator: Path) -> None:
    """See that Kubernetes knows each field of each resource."""
    files = sorted(
        str(path)
        for path in (DEPLOY / "kubernetes").glob("*.yaml")
        if path.name != "kustomization.yaml"
    )
    said = run(str(validator), "--strict", *files)
    print(f"{said.count(' passed for resource ')} resources fit Kubernetes' schemas.")


def run(*argv: str) -> str:
    """What a program says; it must succeed."""
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    return said


if __name__ == "__main__":
    main()
