"""A tenant who aims webhooks at the service itself, so that events set each other off for ever.

Tests ``app.api.http.loops``, too.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from tests.support.receiver import Receiver
from tests.support.stack import MASTER_TOKEN, Stack

pytestmark = pytest.mark.e2e

AUTHORIZATION = {"Authorization": f"Bearer {MASTER_TOKEN}"}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(ALLOW_PRIVATE_TARGETS="true") as stack:
        yield stack


@pytest.fixture
def detour(stack: Stack) -> Iterator[int]:
    """The port of a relay to the API: what a proxy, or a translated address, looks like."""

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", stack.port)) as api:
                back = threading.Thread(target=pump, args=(api, self.request))
                back.start()
                pump(self.request, api)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Relay) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        yield server.server_address[1]
        server.shutdown()
        serving.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65_536):
            sink.sendall(chunk)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def own_address() -> str:
    """An address of this machine under which others reach it, if it has one."""
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    pytest.skip("this machine has no address but loopback")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"])
def test_a_plain_address_of_its_own_is_refused_at_once(stack: Stack, host: str) -> None:
    """Though private targets are allowed."""
    event = {"name": "a", "start_time": "2031-01-01T00:00:00Z"}
    url = f"http://{host}:{stack.port}/events"
    answer = stack.api.call("POST", "/events", event | {"webhook": url})
    assert (answer.status, list(answer.json["fields"])) == (400, ["webhook"])


def test_another_address_of_the_machine_is_refused_at_the_connection(stack: Stack) -> None:
    """As a target that is not allowed; another port there is."""
    host = own_address()
    event = stack.api.create(f"http://{host}:{stack.port}/events")
    occurrence = stack.api.wait_for_status(event["id"], "failed")
    assert occurrence["error_message"] == "target not allowed"
    with Receiver() as receiver:
        event = stack.api.create(receiver.url("/"))
        stack.api.wait_for_status(event["id"], "completed")


def test_a_delivery_that_comes_back_by_a_detour_sets_nothing_off(stack: Stack, detour: int) -> None:
    """An event that triggers itself ends with its first attempt, and is not tried again."""
    elsewhere = f"http://127.0.0.1:{detour}/"
    event = stack.api.create(elsewhere, status="paused", ahead=3_600, headers=AUTHORIZATION)
    stack.api.update(event["id"], webhook=f"{elsewhere}events/{event['id']}/trigger")
    stack.api.call("POST", f"/events/{event['id']}/trigger")
    occurrence = stack.api.wait_for_status(event["id"], "failed")
    assert (occurrence["status_code"], occurrence["attempt_count"]) == (403, 1)
    assert "a delivery of this service itself" in occurrence["response_body"]


def test_a_call_that_comes_back_changes_nothing(stack: Stack, detour: int) -> None:
    """Whatever its method, and although a 403 is what its event expects."""
    elsewhere = f"http://127.0.0.1:{detour}/events"
    event = stack.api.create(elsewhere, status="paused", ahead=3_600)
    params = {"method": "PATCH", "url": f"{elsewhere}/{event['id']}", "body": {"name": "changed"}}
    action = {"type": "apicall", "params": {**params, "headers": AUTHORIZATION}}
    stack.api.update(event["id"], action=action, expect={"status": [403]})
    stack.api.call("POST", f"/events/{event['id']}/trigger")
    occurrence = stack.api.wait_for_status(event["id"], "completed")
    assert "a delivery of this service itself" in occurrence["response_body"]
    assert stack.api.call("GET", f"/events/{event['id']}").json["name"] == event["name"]


def test_a_delivery_of_another_instance_is_welcome(stack: Stack) -> None:
    """Instances may set each other off; only its own deliveries are refused."""
    with Receiver() as receiver:
        event = stack.api.create(receiver.url("/"))
        stack.api.wait_for_status(event["id"], "completed")
        (request,) = receiver.requests
    own = request.headers["x-qhronos-instance"]
    statuses = []
    for instance in (own, "f" * 16):
        connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=30)
        sent = AUTHORIZATION | {"X-Qhronos-Instance": instance}
        connection.request("POST", f"/events/{event['id']}/trigger", headers=sent)
        statuses.append(connection.getresponse().status)
        connection.close()
    assert statuses == [403, 202]
