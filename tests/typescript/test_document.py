"""What is committed of the client for TypeScript fits the API and the version of today.

These tests need no Node.js. They compare a checksum of what the document says to a compiler, and
not of its texts, so that a better sentence breaks nothing. ``make typescript`` makes the types anew
and compares every letter.
"""

from __future__ import annotations

import copy
import json
import re

from app import __version__
from docs.generate.api_reference import openapi_document
from tests.docs.pages import ROOT
from tests.typescript.document import MARK, SCHEMA, checksum, source_of_types

CLIENT = ROOT / "clients" / "typescript"
EXAMPLE = ROOT / "examples" / "express-receiver"

LEFT_OUT = {
    ("patch", "/events/{event_id}"),  # the same as PUT
    ("get", "/calendar.ics"),  # for calendar programs
    ("get", "/badge/{tag}.svg"),  # for pages that show it
    ("get", "/metrics"),  # for Prometheus
    ("get", "/.well-known/webhook-keys"),  # for receivers with asymmetric keys
}
"""What programs need not call by the client."""


def test_the_types_are_those_of_the_document() -> None:
    found = MARK.search(SCHEMA.read_text(encoding="utf-8"))
    assert found
    assert found[1] == checksum(openapi_document()), (
        "The API has changed: run 'make types', and commit clients/typescript/src/schema.ts."
    )


def test_the_client_has_the_calls_of_the_document() -> None:
    sources = "".join(one.read_text(encoding="utf-8") for one in SCHEMA.parent.glob("*.ts"))
    called = {
        (method or "get", path)
        for method, path in re.findall(r"\b(?:call\(\s*'(\w+)',|listed\()\s*'(/[^']*)'", sources)
    }
    called |= {("get", path) for path in re.findall(r"\.stream\(\s*'(/[^']*)'", sources)}
    known = {
        (method, path)
        for path, methods in openapi_document()["paths"].items()
        for method in methods.keys() - {"parameters"}
    }
    assert called == known - LEFT_OUT


def test_the_checksum_sees_types_and_no_texts() -> None:
    served = openapi_document()
    same, other = copy.deepcopy(served), copy.deepcopy(served)
    same["paths"]["/events"]["get"]["description"] = "Another text."
    same["components"]["schemas"]["Event"]["properties"]["name"]["description"] = "Another."
    same["info"]["version"] = "99.0.0"
    assert checksum(same) == checksum(served)
    # A member may be called as a text is.
    del other["components"]["schemas"]["Event"]["properties"]["description"]
    assert checksum(other) != checksum(served)
    assert "description" in source_of_types(served)["components"]["schemas"]["Event"]["properties"]


def test_the_client_has_the_version_of_the_service() -> None:
    package = json.loads((CLIENT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((CLIENT / "package-lock.json").read_text(encoding="utf-8"))
    example = json.loads((EXAMPLE / "package-lock.json").read_text(encoding="utf-8"))
    (constant,) = re.findall(
        r"VERSION = '([^']*)'", (CLIENT / "src" / "version.ts").read_text(encoding="utf-8")
    )
    assert {
        package["version"],
        lock["version"],
        lock["packages"][""]["version"],
        example["packages"]["node_modules/qhronos"]["version"],
        constant,
    } == {__version__}


def test_the_client_brings_no_package_and_the_locks_name_no_registry() -> None:
    package = json.loads((CLIENT / "package.json").read_text(encoding="utf-8"))
    assert "dependencies" not in package
    for path in ROOT.glob("*/*/package-lock.json"):
        packages = json.loads(path.read_text(encoding="utf-8"))["packages"]
        for name, one in packages.items():
            resolved = one.get("resolved", "")
            assert not resolved.startswith("http"), (path, name)
            assert "integrity" in one or not name or resolved.startswith("file:"), (path, name)


def test_its_licence_is_that_of_the_service() -> None:
    """An npm package carries its own copy."""
    assert (CLIENT / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
