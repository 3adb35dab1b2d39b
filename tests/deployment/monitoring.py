"""Prometheus with the files of ``deploy/prometheus/``, reading a real instance at work.

Of the files only the address of the API, the place of the token and the times are replaced. Then
every query of the dashboard of ``deploy/grafana/`` is asked, and must find something.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.deployment.proxies import replaced
from tests.support.ports import free_port
from tests.support.processes import ROOT, Program, clean_environ
from tests.support.receiver import Receiver
from tests.support.stack import Stack
from tests.support.wait import wait_until

OURS = ROOT / "deploy" / "prometheus"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboards" / "qhronos.json"
CASES = ROOT / "tests" / "deployment" / "alerts.yml"
INTERVAL = "30s"
"""Grafana's ``$__rate_interval``: one in which there are a few values."""

STARTING = 503
LISTED = {"METRICS_TAGS": "billing", "METRICS_TARGETS": "127.0.0.1"}
TOKEN = {"type": "metrics", "sub": "prometheus", "scope": [], "expires_at": "2031-01-01T00:00:00Z"}


def check() -> str:
    """Have Prometheus read the metrics of an instance; what was seen, in one line."""
    subprocess.run(["promtool", "test", "rules", CASES], capture_output=True, check=True)
    with Stack(workers=2, **LISTED) as stack, Receiver() as receiver, prometheus(stack) as port:
        count = _dashboard(port, stack, receiver)
        rules = [rule for group in asked(port, "rules")["groups"] for rule in group["rules"]]
        assert [rule for rule in rules if rule["health"] != "ok"] == []
    return (
        f"prometheus: it read the metrics of the API, {len(rules)} rules are in order, and "
        f"{count} queries of the dashboard find what they ask for"
    )


@contextlib.contextmanager
def prometheus(stack: Stack) -> Iterator[int]:
    """Prometheus as ``deploy/`` has it, which reads an instance every second; its port."""
    place = stack.directory / "prometheus"
    port = _written(place, stack)
    config = place / "prometheus.yml"
    subprocess.run(["promtool", "check", "config", config], capture_output=True, check=True)
    argv = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={place / 'data'}"]
    argv.append(f"--web.listen-address=127.0.0.1:{port}")
    program = Program("prometheus", argv, clean_environ(), cwd=place)
    program.start()
    try:
        wait_until(lambda: _values(port, 'up{job="qhronos"}') == ["1"], "it reads the API")
        yield port
    except BaseException:
        print(program.output)
        raise
    finally:
        program.kill()


def load(stack: Stack, receiver: Receiver) -> None:
    """Have one event delivered, one fail for good, one wait for another attempt, and a refusal."""
    stack.api.create(receiver.url("/"))
    for attempts in (1, 5):
        retry = {"attempts": attempts, "first": "1m"}
        stack.api.create(f"http://127.0.0.1:{free_port()}/", retry=retry, tags=["billing"])
    with socket.create_connection(("127.0.0.1", stack.port)) as connection:
        connection.sendall(b"no request\r\n\r\n")


def _dashboard(port: int, stack: Stack, receiver: Receiver) -> int:
    """Deliver until every query of the dashboard finds something; how many there are."""
    empty = list(_queries())
    count = len(empty)

    def all_found() -> bool:
        load(stack, receiver)
        empty[:] = [query for query in empty if not _values(port, query)]
        return not empty

    try:
        wait_until(all_found, "every query of the dashboard finds something", 60)
    except BaseException:
        print("\n".join(empty))
        raise
    return count


def panels() -> list[dict[str, Any]]:
    """Every panel of the dashboard; those of a folded row are in it."""
    top: list[dict[str, Any]] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [one for panel in top for one in (panel, *panel.get("panels", ()))]


def _queries() -> Iterator[str]:
    """Every query of the dashboard."""
    for panel in panels():
        for target in panel.get("targets", ()):
            yield target["expr"].replace("$__rate_interval", INTERVAL)


def _written(place: Path, stack: Stack) -> int:
    """Write the files for this machine; the port for Prometheus."""
    shutil.copytree(OURS, place)
    token = place / "token"
    token.write_text(stack.api.call("POST", "/tokens", TOKEN).json["token"])
    config = place / "prometheus.yml"
    text = replaced(
        config.read_text(encoding="utf-8"),
        ("web:8080", f"127.0.0.1:{stack.port}"),
        ("/run/secrets/metrics_token", str(token)),
        ("scrape_interval: 15s", "scrape_interval: 1s"),
        ("evaluation_interval: 15s", "evaluation_interval: 1s"),
    )
    config.write_text(text)
    recording = place / "rules" / "recording.yml"
    recording.write_text(replaced(recording.read_text(), ("interval: 15s", "interval: 1s")))
    return free_port()


def asked(port: int, what: str, **query: str) -> Any:
    """What Prometheus answers; raises ``OSError`` while it starts."""
    url = f"http://127.0.0.1:{port}/api/v1/{what}?{urllib.parse.urlencode(query)}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        if error.code == STARTING:
            raise
        raise AssertionError((query, error.read())) from None


def _values(port: int, query: str) -> list[str]:
    """What Prometheus answers now; nothing while it starts."""
    try:
        result = asked(port, "query", query=query)["result"]
    except OSError:
        return []
    return [one["value"][1] for one in result if one["value"][1] != "NaN"]
