"""Two tenants on one instance: the one with little to do does not wait for the other."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from qhronos import Client, verify
from qhronos.errors import InvalidSignature, NotFound

LOADS = {"zoe": 3, "acme": 100}
"""How many deliveries each tenant has at one moment."""

arrived: dict[str, list[float]] = defaultdict(list)


class Receiver(BaseHTTPRequestHandler):
    """The receiver of both; it notes when whose delivery came."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            delivery = verify(self.headers.items(), body, os.environ["WEBHOOK_SECRET"])
        except InvalidSignature:
            self.send_response(401)
        else:
            arrived[delivery.json()["tags"][0]].append(time.monotonic())
            self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Print nothing."""


def tenant(admin: Client, name: str) -> Client:
    """Make the token of a tenant; it may touch what has its tag, and nothing else."""
    token = admin.tokens.create(
        sub=name,
        access="read_write",
        scope=[name],
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )
    return Client(admin.url, token.token)


def schedule(client: Client, name: str, count: int, due: datetime, address: str) -> list[str]:
    """Schedule deliveries of a tenant for one moment; answers the ids of their events."""
    event = {
        "name": f"order of {name}",
        "start_time": due,
        "webhook": address,
        "tags": [name],
        "flow": {"key": name, "concurrency": 10},
    }
    created = client.events.create_many([event] * count)
    return [one.id for one in created if one.id]


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/orders"
    with Client() as admin:
        tenants = {name: tenant(admin, name) for name in LOADS}
        due = datetime.now(UTC) + timedelta(seconds=1)
        ids = {
            name: schedule(tenants[name], name, count, due, address)
            for name, count in LOADS.items()
        }
        try:
            tenants["zoe"].events.get(ids["acme"][0])
        except NotFound:
            print("zoe sees nothing of acme.")
        while any(len(arrived[name]) < len(ids[name]) for name in LOADS):
            time.sleep(0.05)
        for client in tenants.values():
            client.close()
    begun = min(arrived["acme"] + arrived["zoe"])
    for name, times in arrived.items():
        print(f"{name}: {len(times)} deliveries, the last after {max(times) - begun:.3f} s")
    before = sum(one < max(arrived["zoe"]) for one in arrived["acme"])
    print(f"{before} of acme's came before the last of zoe's.")
    server.shutdown()


if __name__ == "__main__":
    main()
