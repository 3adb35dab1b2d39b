"""The receivers of the guide run as they are printed, as processes, and see exact bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.delivery.actions import build
from app.delivery.request import Job
from app.domain.action import webhook
from tests.docs.conftest import EXAMPLES_NOW_MS
from tests.docs.pages import ROOT, page
from tests.support.ports import free_port
from tests.support.signed_posts import BODIES, SECRETS, Running, refused, signed
from tests.support.wait import wait_until

RECEIVING = page("docs/receiving.md")
FILES = {block.file_name: block.text for block in RECEIVING.blocks if block.file_name}


def express(place: Path) -> list[str]:
    """Node, with the Express that ``QHRONOS_TEST_EXPRESS`` names, else with a stand-in."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not on the PATH, so the Express receiver can't be run")
    module = place / "node_modules" / "express"
    installed = os.environ.get("QHRONOS_TEST_EXPRESS")
    if installed:
        module.parent.mkdir()
        module.symlink_to(installed)
    else:
        module.mkdir(parents=True)
        shutil.copy(ROOT / "tests" / "support" / "express.js", module / "index.js")
    return [node, "receiver_express.js"]


def go(place: Path) -> list[str]:
    program = shutil.which("go")
    if program is None:
        pytest.skip("Go is not on the PATH, so its receiver can't be built")
    if not (place / "receiver").exists():
        environ = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": ""}
        command = [program, "build", "-o", "receiver", "receiver.go"]
        subprocess.run(command, cwd=place, env=environ, check=True)
    return [str(place / "receiver")]


STARTS: dict[str, Callable[[Path, int], Sequence[str]]] = {
    "flask": lambda _, port: [
        sys.executable, "-m", "flask", "--app", "receiver_flask", "run", "--port", str(port)
    ],
    "fastapi": lambda _, port: [
        sys.executable, "-m", "uvicorn", "receiver_fastapi:app", "--port", str(port)
    ],
    "express": lambda place, _: express(place),
    "go": lambda place, _: go(place),
}  # fmt: skip


@pytest.fixture(scope="module", params=STARTS)
def place(request, tmp_path_factory) -> tuple[str, Path]:
    """A directory with the files of the page, and which receiver to start in it."""
    directory = tmp_path_factory.mktemp(request.param)
    for name, text in FILES.items():
        (directory / name).write_text(text, encoding="utf-8")
    return request.param, directory


@pytest.fixture(params=SECRETS, ids=["text", "whsec"])
def secret(request) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def receiver(place: tuple[str, Path], secret: str) -> Iterator[Running]:
    """A receiver that listens; nothing that it kept from another test is there."""
    kind, directory = place
    shutil.rmtree(directory / "node_modules", ignore_errors=True)
    (directory / "receiver.db").unlink(missing_ok=True)
    port, log = free_port(), directory / "log"
    command = STARTS[kind](directory, port)
    environ = {**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port), "PYTHONUTF8": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=directory, env=environ, stdout=output, stderr=subprocess.STDOUT
        )
    running = Running(process, port, log)
    try:
        wait_until(running.listens, f"the receiver for {kind} listens")
        yield running
    finally:
        process.terminate()
        process.wait()


@pytest.mark.timeout(180)
def test_a_receiver_accepts_exact_bytes_once_and_refuses_the_rest(
    receiver: Running, secret: str
) -> None:
    """Each delivery is worked on once, whatever bytes a parser would have changed."""
    for number, body in enumerate(BODIES):
        headers = signed(secret, body, f"id-{number}")
        assert receiver.post(body, headers) == 204, (body, receiver.log())
        assert receiver.post(body, headers) == 204
    wait_until(lambda: receiver.works() == len(BODIES), "each is worked on once")
    body = BODIES[0]
    good = signed(secret, body, "id-x")
    for changed, headers in refused(secret, body, good):
        assert receiver.post(changed, headers) == 401, (headers, receiver.log())
    rotated = {**good, "webhook-signature": f"v1,AAAA {good['webhook-signature']}"}
    assert receiver.post(body, rotated) == 204
    wait_until(lambda: receiver.works() == len(BODIES) + 1, "what was refused is not worked on")


def test_the_readme_has_the_same_ten_lines() -> None:
    (short,) = page("README.md").in_language("python")
    assert FILES["verify.py"].partition("\n")[2] == short
    assert len([line for line in short.splitlines() if line.strip()]) == 10


@pytest.mark.parametrize("secret", SECRETS)
def test_the_function_accepts_what_is_sent(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The very request of a delivery holds; anything else does not, and nothing raises."""
    namespace: dict[str, Any] = {}
    exec(FILES["verify.py"], namespace)  # noqa: S102 - the page's own lines
    action = webhook("https://example.com/")
    request = build(
        Job(b"e" * 16, b"o" * 16, 0, 1, "n", "", "{}", ("a",), action, (secret,)),
        EXAMPLES_NOW_MS,
    )
    headers = dict(line.split(": ", 1) for line in request.headers)
    verify = namespace["verify"]
    monkeypatch.setattr(namespace["time"], "time", lambda: EXAMPLES_NOW_MS / 1000)
    assert verify(secret, headers, request.body)
    assert not verify(secret, headers, request.body + b" ")
    assert not verify("another secret", headers, request.body)
    assert not verify(secret, {}, request.body)
    assert not verify(secret, {**headers, "webhook-signature": "é"}, request.body)
    monkeypatch.setattr(namespace["time"], "time", lambda: EXAMPLES_NOW_MS / 1000 + 600)
    assert not verify(secret, headers, request.body)


def test_work_that_fails_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The id is kept only if the work was done: both are one transaction."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    exec(FILES["once.py"], namespace)  # noqa: S102 - the page's own lines
    done: list[int] = []

    def fail() -> None:
        raise OSError

    with pytest.raises(OSError):
        namespace["once"]("id-1", fail)
    namespace["once"]("id-1", lambda: done.append(1))
    namespace["once"]("id-1", lambda: done.append(2))
    assert done == [1]
    namespace["db"].close()


def test_the_acknowledgement_is_a_call_of_the_api(port: int) -> None:
    """The example reaches the right path with the token; the service refuses a made-up one."""
    namespace: dict[str, Any] = {}
    exec(FILES["worker.py"], namespace)  # noqa: S102 - the page's own lines
    webhook_id = "00000000-0000-8000-8000-000000000000"
    with pytest.raises(Exception, match="401") as refused:
        namespace["acknowledge"](f"http://127.0.0.1:{port}", webhook_id, "1.made-up")
    with refused.value as answer:  # type: ignore[attr-defined]
        assert json.load(answer).keys() == {"error"}
