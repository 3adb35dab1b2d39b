"""The commands that check something: doctor, status, audit verify and listen.

qhronos/cli/diagnosis.py, audit_chain.py and receiver.py.
"""

from __future__ import annotations

import json
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain.audit import GENESIS, canonical, line, link
from app.domain.signing import signing_key, standard_signature
from app.services.problems.problem import ProblemCode
from qhronos.cli import diagnosis, receiver
from qhronos.cli.audit_chain import Broken, check
from qhronos.cli.diagnosis import OF_SERVICE, findings
from qhronos.installation import version
from tests.qhronos.cli.conftest import Run
from tests.support.ports import free_port
from tests.support.wait import wait_until

WELL: dict[str, Any] = {
    "status": "ok", "version": version(), "store": "ok", "queue_depth": 0, "lag_ms": 3,
    "workers": 2, "problems": [],
}  # fmt: skip
WELL_IN_ITSELF = [name for name, _ in OF_SERVICE.values() if name != "eviction"]
DATE = {"Date": "Fri, 01 Jan 2027 00:00:00 GMT"}


def instance(
    status: dict[str, Any], **answers: object
) -> Callable[[httpx.Request], httpx.Response]:
    """An instance that answers so to the names of paths, and nothing to others."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/status":
            return httpx.Response(200, json=status)
        found = answers.get(request.url.path.strip("/"), [])
        if isinstance(found, int):
            return httpx.Response(found, json={"error": "No."}, headers=DATE)
        return httpx.Response(200, json=found, headers=DATE)

    return answer


def test_each_check_says_what_to_do(answered_by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ill = {**WELL, "version": "0.0.1", "store": "away", "workers": 0, "lag_ms": 60_000}
    runbook = "/docs/guide/problems.html#store_evicts"
    ill["problems"] = [
        {"code": "store_evicts", "message": "Set maxmemory-policy.", "runbook": runbook}
    ]
    failed = {
        "id": "o",
        "event_id": "e",
        "status": "failed",
        "scheduled_at": "2027-01-01T00:00:00Z",
    }
    breaker = {"target": "http://x", "open_until": "2027-01-01T00:00:00Z"}
    client = answered_by(
        instance(ill, events=403, occurrences={"data": [failed]}, breakers=[breaker])
    )
    found = {one.check: one for one in findings(client)}
    verdicts = {name: one.verdict for name, one in found.items()}
    assert verdicts == {
        "reachable": "ok", "version": "look", "store": "wrong", "workers": "wrong", "lag": "wrong",
        "eviction": "wrong", **dict.fromkeys(WELL_IN_ITSELF, "ok"), "token": "look", "clock": "wrong", "dead letters": "look",
        "circuit breakers": "look",
    }  # fmt: skip
    assert all(one.advice for one in found.values() if one.verdict != "ok")
    assert found["eviction"].advice.endswith(f"{client.url}{runbook}.")


def test_an_instance_that_is_well_has_no_advice(
    answered_by: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qhronos.cli.diagnosis.SKEW_S", 1e12)
    found = list(findings(answered_by(instance(WELL, occurrences={"data": []}))))
    assert {one.verdict for one in found} == {"ok"}
    assert not any(one.advice for one in found)
    refused = {one.check: one for one in findings(answered_by(instance(WELL, events=401)))}
    assert refused["token"].verdict == "wrong"


def test_every_problem_of_the_service_has_a_check() -> None:
    """But for those that figures of the status tell, and a store that is away: there is none."""
    told = {*OF_SERVICE, *diagnosis.SAID_ABOVE, "store_away"}
    assert {code.value for code in ProblemCode} == told


def test_a_small_limit_of_open_files_is_told_where_the_instance_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def look(most: int) -> tuple[str, str]:
        monkeypatch.setattr("resource.getrlimit", lambda _: (most, most))
        (found,) = diagnosis._open_files()
        return found.verdict, found.found

    assert look(1_024) == ("look", "only 1,024 may be open here")
    assert look(65_536) == ("ok", "65,536 may be open here")
    assert look(resource.RLIM_INFINITY) == ("ok", "no limit")


def test_doctor_and_status_end_with_1_if_something_is_wrong(on_app: Run) -> None:
    """Nothing delivers here."""
    ended = on_app("doctor", "--json")
    assert ended.code == 1
    assert {one["check"]: one["verdict"] for one in ended.json}["workers"] == "wrong"
    assert on_app("status").code == 1


def test_status_looks_again_and_again_until_ctrl_c(
    on_app: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([None, None])

    def sleep(_: float) -> None:
        try:
            next(looks)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr("qhronos.cli.commands.status.time.sleep", sleep)
    ended = on_app("status", "--watch", "--json")
    assert ended.code == 130
    assert [json.loads(one)["store"] for one in ended.out.splitlines()] == ["ok"] * 3


def chain(count: int) -> list[str]:
    lines, previous = [], GENESIS
    for seq in range(1, count + 1):
        entry = canonical({"seq": seq, "actor": "é", "after": {"b": 1, "a": [None, 1.5]}})
        digest = link(previous, entry)
        lines.append(line(entry, previous, digest))
        previous = digest
    return lines


def test_a_log_holds_together_or_the_line_is_named() -> None:
    lines = chain(4)
    whole = check(lines)
    assert (whole.entries, whole.first, whole.last) == (4, 1, 4)
    known = check(lines[:2]).newest
    assert check(lines[2:], known).first == 3
    changed = lines[1].replace("1.5", "2.5")
    for broken in (
        [lines[0], changed, *lines[2:]],
        [lines[0], *lines[2:]],
        [lines[0], lines[2], lines[1], lines[3]],
        ["{}"],
        ["no JSON"],
        ["[1]"],
    ):
        with pytest.raises(Broken, match="breaks at line"):
            check(broken)
    with pytest.raises(Broken, match="cut off"):
        check(lines[:2], whole.newest)
    assert check([]).entries == 0


def test_the_log_of_an_instance_and_its_export_are_verified(on_app: Run, home: Path) -> None:
    on_app("flows", "set", "some", "--concurrency", "1")
    assert "hold together" in on_app("audit", "verify").out
    export = home / "audit.jsonl"
    lines = chain(3)
    export.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert on_app("audit", "verify", str(export)).code == 0
    export.write_text("\n".join(lines[1:]).replace("1.5", "9.5") + "\n", encoding="utf-8")
    assert on_app("audit", "verify", str(export)).code == 1
    export.write_bytes(b"\xff\xfe")
    assert on_app("audit", "verify", str(export)).code == 2
    assert on_app("audit", "verify", "no-such-file").code == 2


def test_a_receiver_says_whether_signatures_hold_and_answers_as_told(run: Run, home: Path) -> None:
    """It ends by itself after so many."""
    secret, body, port = "a secret in text", b'{"n":1}', free_port()
    sent_at = int(time.time())
    headers = {
        "webhook-id": "w",
        "webhook-timestamp": str(sent_at),
        "webhook-signature": standard_signature(signing_key(secret), "w", sent_at, body),
    }
    statuses: list[int] = []

    def send() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
            for content in (body, body + b" "):
                wait_until(lambda content=content: post(http, content), "it is received")

    def post(http: httpx.Client, content: bytes) -> bool:
        try:
            answer = http.post("/hook", content=content, headers=headers)
        except httpx.ConnectError:
            return False
        statuses.append(answer.status_code)
        return True

    sender = threading.Thread(target=send)
    sender.start()
    words = ("--port", str(port), "--secret", secret, "--answer", "500", "--count", "2", "--json")
    ended = run("listen", *words)
    sender.join()
    arrived = [json.loads(one) for one in ended.out.splitlines()]
    first, second = (one["verdict"] for one in arrived)
    assert first == "signature ok, answered 500"
    assert second.startswith("WRONG SIGNATURE (")
    assert statuses == [500, 500]
    assert (home / "data").exists() is False
    assert receiver.local_secret() is None


def test_a_port_that_is_taken_is_one_sentence(run: Run) -> None:
    taken = receiver.receiver("127.0.0.1", 0, 204, 0, None, lambda _: None, None)
    try:
        ended = run("listen", "--port", str(taken.server_port))
        assert ended.code == 2
        assert "choose another --port" in ended.err
    finally:
        taken.server_close()


def test_completion_is_a_script_for_the_shell(run: Run) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_QHRONOS_COMPLETE" in run("completion", shell).out
