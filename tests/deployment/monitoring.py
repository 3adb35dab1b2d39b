"""Prometheus with the files of ``deploy/prometheus/``, reading a real instance.

Of the files only the address of the API and the place of the token are replaced.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.deployment.proxies import replaced
from tests.support.ports import free_port
from tests.support.processes import ROOT, Program, clean_environ
from tests.support.stack import MASTER_TOKEN, Stack
from tests.support.wait import wait_until

OURS = ROOT / "deploy" / "prometheus"


def check() -> str:
    """Have Prometheus read the metrics of an instance; what was seen, in one line."""
    with Stack(workers=1) as stack:
        place = stack.directory / "prometheus"
        port = _written(place, stack.port)
        config = place / "prometheus.yml"
        subprocess.run(["promtool", "check", "config", config], capture_output=True, check=True)
        argv = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={place / 'data'}"]
        argv.append(f"--web.listen-address=127.0.0.1:{port}")
        program = Program("prometheus", argv, clean_environ(), cwd=place)
        program.start()
        try:
            wait_until(lambda: _values(port, 'up{job="qhronos"}') == ["1"], "it reads the API")
            assert _values(port, "qhronos_workers") != [], "the metrics are those of Qhronos"
            rules = _asked(port, "rules")["groups"]
        except BaseException:
            print(program.output)
            raise
        finally:
            program.kill()
    count = sum(len(group["rules"]) for group in rules)
    return f"prometheus: it read the metrics of the API, and took {count} rules"


def _written(place: Path, upstream: int) -> int:
    """Write the files for this machine; the port for Prometheus."""
    shutil.copytree(OURS, place)
    token = place / "token"
    token.write_text(MASTER_TOKEN)
    config = place / "prometheus.yml"
    text = replaced(
        config.read_text(encoding="utf-8"),
        ("web:8080", f"127.0.0.1:{upstream}"),
        ("/run/secrets/metrics_token", str(token)),
        ("scrape_interval: 15s", "scrape_interval: 1s"),
    )
    config.write_text(text)
    return free_port()


def _asked(port: int, what: str, **query: str) -> Any:
    url = f"http://127.0.0.1:{port}/api/v1/{what}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["data"]


def _values(port: int, query: str) -> list[str]:
    """What Prometheus answers now; nothing while it starts."""
    try:
        result = _asked(port, "query", query=query)["result"]
    except OSError:
        return []
    return [one["value"][1] for one in result]
