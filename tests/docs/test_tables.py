"""Tables of the guide say what the code says."""

from __future__ import annotations

import re
from collections import Counter

from flask import Flask
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from werkzeug.routing import Rule

from app.domain.event import EventStatus
from app.domain.occurrence import ENDED, OccurrenceStatus
from app.metrics.catalogue import FAMILIES
from app.services.problems.problem import ProblemCode
from tests.chaos.calls import ELSEWHERE, WRITES_NOTHING, Call
from tests.docs.conftest import SECRETS
from tests.docs.pages import ROOT, page
from tests.test_architecture import LAYERS

CALLS = page("docs/reference/calls.md")


def normalized(path: str) -> str:
    """A path without the names of what varies in it."""
    return re.sub(r"<[^>]*>|\{[^}]*\}", "{}", path)


def is_page(rule: Rule) -> bool:
    """Whether a path is one of the console's."""
    return rule.endpoint == "start" or rule.endpoint.startswith("console.")


def calls(cell: str) -> list[str]:
    return re.findall(r"`([A-Z]+ /[^`]*)`", cell)


def test_the_table_of_calls_is_complete(app: Flask) -> None:
    """It has every call of the API and no other; pages for people are described apart."""
    real = {
        f"{method} {normalized(rule.rule).rstrip('/')}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS") and not rule.build_only and not is_page(rule)
    }
    listed = [normalized(call) for cells in CALLS.rows("call") for call in calls(cells[0])]
    assert len(listed) == len(set(listed))
    assert set(listed) == real


def test_the_table_of_calls_tells_who_may(app: Flask) -> None:
    """Open to all, to tokens that read, to tokens that write, or to admins alone: as it says."""
    client = app.test_client()
    far = {"type": "jwt", "sub": "s", "scope": ["t"], "expires_at": "2031-01-01T00:00:00Z"}

    def status(call: str, token: str) -> int:
        method, path = re.sub(r"\{[^}]*\}", "x", call).split()
        body = None if method == "GET" else {}
        headers = {"Authorization": f"Bearer {token}"} if token else None
        return client.open(path, method=method, json=body, headers=headers).status_code

    tokens = {
        access: client.post(
            "/tokens",
            json={**far, "access": access},
            headers={"Authorization": f"Bearer {SECRETS['MASTER_TOKEN']}"},
        ).json["token"]
        for access in ("read", "write")
    }
    for cell, access, *_ in CALLS.rows("call"):
        for call in calls(cell):
            if access == "delivery":
                assert {status(call, token) for token in ("", *tokens.values())} == {401}, call
                continue
            assert (status(call, "") != 401) is (access == "open"), call
            assert (status(call, tokens["read"]) != 403) is (access in ("open", "read")), call
            assert (status(call, tokens["write"]) != 403) is (access in ("open", "write")), call


def test_chaos_makes_every_write_call(app: Flask) -> None:
    """What OpenAPI has that may change something; a run says so if one is never answered."""
    document = app.test_client().get(
        "/openapi.json", headers={"Authorization": f"Bearer {SECRETS['MASTER_TOKEN']}"}
    )
    real = {
        f"{method.upper()} {normalized(path)}"
        for path, operations in document.json["paths"].items()
        for method in operations
        if method in ("post", "put", "patch", "delete")
    }
    assert {str(call) for call in Call} == real - WRITES_NOTHING - ELSEWHERE.keys()


def test_the_statuses_are_those_that_there_are() -> None:
    """Two tables: of events, then of occurrences, which also says what is over."""
    text = page("docs/concepts.md").text
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", text, flags=re.MULTILINE)
    assert [name for name, _ in rows[:3]] == [status.value for status in EventStatus]
    assert [name for name, _ in rows[3:]] == [status.value for status in OccurrenceStatus]
    over = {name for name, rest in rows[3:] if rest.strip().endswith("| yes")}
    assert over == {status.value for status in ENDED}


def test_the_problems_are_those_that_there_are() -> None:
    """Every code that an alert can go by has its part of the page, where its link leads."""
    listed = re.findall(r"^## ([a-z_]*)$", page("docs/problems.md").text, flags=re.MULTILINE)
    assert listed == [code.value for code in ProblemCode]
    for code in ProblemCode:
        assert code.runbook == f"/docs/guide/problems.html#{code.value}"


def test_the_table_of_metrics_is_the_catalogue() -> None:
    """Each metric has its kind, its labels and its meaning, as the answer itself says them."""
    told = [
        [
            f"`{one.shown}`",
            one.kind,
            ", ".join(f"`{label}`" for label in one.labels) or "-",
            one.text,
        ]
        for one in FAMILIES
    ]
    assert page("docs/metrics.md").rows("metric") == told
    text = page("docs/metrics.md").text
    labels = {label for one in FAMILIES for label in one.labels}
    assert {label for label in labels if f"\n- `{label}`: " not in text} == set()


def test_every_package_that_we_chose_has_its_reason() -> None:
    """The tables of packages and the lists of requirements name the same ones."""
    pinned = {
        line.split("==")[0]
        for name in ("requirements.txt", "requirements-traces.txt", "requirements-docs.txt")
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    rows = re.findall(
        r"^\| `([^`]+)` \| .+ \|$", page("docs/reference/packages.md").text, re.MULTILINE
    )
    assert len(rows) == len(set(rows))
    assert set(rows) == pinned


def test_the_figures_are_those_of_the_benchmarks() -> None:
    """What is quoted stands in the report, digit for digit."""
    report = page("benchmarks/README.md").text
    (quoted,) = re.findall(
        r"^\*\*Measured\*\*.*?\n\n", page("docs/operations.md").text, flags=re.MULTILINE | re.DOTALL
    )
    stated = set(re.findall(r"\d[\d,.]*\d", report))
    figures = set(re.findall(r"\d[\d,.]*\d", quoted))
    assert figures
    assert figures <= stated


def test_every_guarantee_names_a_test() -> None:
    """Or the command that proves it; that the files exist is checked for every page."""
    for promise, _, proof in page("docs/reference/guarantees.md").rows("promise"):
        assert re.search(r"`(tests/|make )", proof), promise


def test_there_are_ten_runbooks_and_each_has_commands_and_what_to_see() -> None:
    """Symptom, command, what you should see."""
    _, *books = re.split(r"^## ", page("docs/runbooks.md").text, flags=re.MULTILINE)
    assert len(books) >= 10
    for book in books:
        assert "```" in book or "it says" in book, book
        assert "ou should see" in book or "it says" in book or "you see" in book, book


def test_decisions_have_four_parts() -> None:
    """Context, choice, alternatives, cost, in this order."""
    for path in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        if path.name != "index.md":
            headings = re.findall(r"^## (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert headings == ["Context", "Choice", "Alternatives", "Cost"], path.name


def test_every_room_has_its_row_and_its_place_in_the_picture() -> None:
    """The rooms are those whose order the architecture's own test knows."""
    table = " ".join(cells[0] for cells in page("docs/architecture.md").rows("room"))
    picture = (ROOT / "docs" / "pictures" / "rooms.svg").read_text(encoding="utf-8")
    for room in set().union(*LAYERS):
        assert re.search(rf"`app/{room}(/|\.py)", table), room
        assert re.search(rf"\b{room}\b", picture), room


def test_the_fullest_node_of_a_cluster_has_as_many_partitions_as_is_said() -> None:
    """Slots are spread evenly there, as the servers' own tools do it."""
    for primaries, *told, share in page("docs/cluster.md").rows("primaries"):
        count = int(primaries)
        for partitions, most in zip((12, 24, 48, 96), told, strict=True):
            slots = [key_slot(b"{%d}" % number) for number in range(partitions)]
            nodes = Counter(slot * count // REDIS_CLUSTER_HASH_SLOTS for slot in slots)
            assert max(nodes.values()) == int(most)
        assert int(share) == 48 // count
