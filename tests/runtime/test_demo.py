"""``make demo`` tells the truth: it fails if anything is missing, late or wrongly signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.runtime import demo
from app.runtime.local import prepare
from tests.support.ports import free_port


class Api(ThreadingHTTPServer):
    """A stand-in for the API: delivers an event as soon as it is created."""

    daemon_threads = True
    signing_secret = ""
    status = "completed"
    delivers = True
    asked = 0

    def deliver(self, event: dict[str, object]) -> None:
        body = json.dumps({"occurrence_id": "o1", "metadata": event["metadata"]}).encode()
        key = base64.b64decode(self.signing_secret.removeprefix("whsec_"))
        standard = hmac.new(key, b"o1.1." + body, hashlib.sha256).digest()
        headers = {
            "webhook-id": "o1",
            "webhook-timestamp": "1",
            "webhook-signature": f"v1,{base64.b64encode(standard).decode()}",
            "X-Qhronos-Signature": hmac.new(key, body, hashlib.sha256).hexdigest(),
        }
        request = urllib.request.Request(str(event["webhook"]), body, headers)
        urllib.request.urlopen(request, timeout=5).close()


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] == "Bearer wrong-token":
            self.answer(401, {"error": "Send a valid token."})
            return
        self.answer(201, {"id": "e1", **event})
        if self.server.delivers:
            self.server.deliver(event)

    def do_GET(self) -> None:
        self.server.asked += 1
        status = "dispatched" if self.server.asked == 1 else self.server.status
        self.answer(200, {"id": self.path.rpartition("/")[2], "status": status})

    def answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def environ(tmp_path: Path, monkeypatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    return {"QHRONOS_DATA_DIR": str(tmp_path / "data"), "QHRONOS_PORT": str(free_port())}


@pytest.fixture
def api(environ: dict[str, str]) -> Iterator[Api]:
    with Api(("127.0.0.1", int(environ["QHRONOS_PORT"])), Handler) as server:
        server.signing_secret = prepare(environ).settings.signing_secret
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("api")
def test_it_shows_what_arrived_and_what_was_recorded(environ, capsys) -> None:
    assert demo.main(environ) == 0
    output = capsys.readouterr().out
    assert "webhook-signature: the signature holds" in output
    assert "X-Qhronos-Signature: the signature holds" in output
    assert '"greeting": "hello"' in output
    assert '"status": "completed"' in output


def test_a_wrong_signature_fails_it(environ, api: Api, capsys) -> None:
    api.signing_secret = "whsec_" + base64.b64encode(b"another").decode()
    assert demo.main(environ) == 1
    assert "A signature is wrong" in capsys.readouterr().err


def test_an_occurrence_that_does_not_complete_fails_it(environ, api, capsys, monkeypatch) -> None:
    monkeypatch.setattr(demo, "WAIT_S", 0.2)
    api.status = "retrying"
    assert demo.main(environ) == 1
    assert "The occurrence is 'retrying'" in capsys.readouterr().err


def test_a_webhook_that_never_comes_fails_it(environ, api, capsys, monkeypatch) -> None:
    monkeypatch.setattr(demo, "WAIT_S", 0.1)
    monkeypatch.setattr(demo, "AHEAD_S", 0.1)
    api.delivers = False
    assert demo.main(environ) == 1
    assert "No webhook arrived" in capsys.readouterr().err


@pytest.mark.usefixtures("api")
def test_a_refusal_is_shown(environ, capsys) -> None:
    assert demo.main({**environ, "QHRONOS_MASTER_TOKEN": "wrong-token"}) == 1
    assert "POST /events was answered 401" in capsys.readouterr().err


def test_without_an_api_it_says_how_to_start_one(environ, capsys) -> None:
    prepare(environ)
    assert demo.main(environ) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "No Qhronos answers" in line
    assert "make run" in line


def test_without_a_token_it_says_how_to_get_one(environ, capsys) -> None:
    assert demo.main(environ) == 1
    assert "start Qhronos with 'make run' first" in capsys.readouterr().err


def test_wrong_settings_are_one_line(environ, capsys) -> None:
    assert demo.main({**environ, "QHRONOS_PORT": "x"}) == 1
    assert capsys.readouterr().err.startswith("Wrong settings: QHRONOS_PORT")
