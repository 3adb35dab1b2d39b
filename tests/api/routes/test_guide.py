"""``/docs/guide/``: files of one directory, of known types, under a policy that allows just them."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from app.api.routes import guide
from tests.api.application import MASTER_TOKEN, with_token

STYLE = "text{fill:red}"
FILES = {
    "index.html": "<p>start</p>",
    "decisions/drain.html": "<p>deep</p>",
    "_static/guide.css": "p{}",
    "_static/furo.js": "1",
    "_images/life.svg": f"<svg><style>{STYLE}</style></svg>",
    "_images/bare.svg": "<svg/>",
    "_static/plus.png": "PNG",
    ".buildinfo": "secret",
    "objects.inv": "secret",
    "_static/furo.js.map": "secret",
}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory as ``make docs`` leaves it, with a file beside it that is nobody's business."""
    directory = tmp_path / "html"
    for name, text in FILES.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    (tmp_path / "outside.html").write_text("secret")
    monkeypatch.setattr("app.factory.BUILT", directory)
    return directory


@pytest.fixture
def visitor(built, app_with):
    """A client without a token."""
    return app_with().test_client()


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("", "text/html; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("decisions/drain.html", "text/html; charset=utf-8"),
        ("_static/guide.css", "text/css; charset=utf-8"),
        ("_static/furo.js?v=4d", "text/javascript; charset=utf-8"),
        ("_images/life.svg", "image/svg+xml"),
        ("_static/plus.png", "image/png"),
    ],
)
def test_a_file_comes_with_its_type(visitor, path, content_type) -> None:
    answer = visitor.get(f"/docs/guide/{path}")
    assert (answer.status_code, answer.content_type) == (200, content_type)
    assert answer.text == FILES[path.partition("?")[0] or "index.html"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_policy_allows_files_of_the_service_and_nothing_else(visitor) -> None:
    policy = visitor.get("/docs/guide/").headers["Content-Security-Policy"]
    assert policy == guide.POLICY
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_a_picture_has_its_own_style_and_nothing_else(visitor) -> None:
    """Opened by itself it still looks right; a script in it would not run."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = visitor.get("/docs/guide/_images/life.svg").headers["Content-Security-Policy"]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
    policy = visitor.get("/docs/guide/_images/bare.svg").headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize(
    "path",
    [
        "nothing.html", "nothing", "decisions", "decisions/", "index", "index.html/", "INDEX.HTML",
        ".buildinfo", "objects.inv", "_static/furo.js.map",
        "../outside.html", "decisions/../../outside.html", "..%2foutside.html", "%2e%2e/outside.html",
        "..%5coutside.html", "%252e%252e/outside.html", "/etc/passwd", "//outside.html",
        "%00.html", "index.html%00.css", "x" * 5_000 + ".html", "%ff.html", "C:/x.html",
    ],
)  # fmt: skip
def test_what_is_no_page_is_a_404_in_json(visitor, path) -> None:
    """Other kinds of files, paths that lead outside, names that no file can have."""
    answer = visitor.get(f"/docs/guide/{path}")
    assert answer.status_code == 404
    assert answer.json.keys() == {"error"}
    assert "secret" not in answer.text


def test_without_a_build_it_says_what_to_run(visitor, built) -> None:
    """And it is there as soon as it was built, without a restart."""
    (built / "index.html").rename(built / "later.html")
    answer = visitor.get("/docs/guide/")
    assert answer.status_code == 404
    assert answer.json == {"error": guide.NOT_BUILT}
    assert "'make docs'" in guide.NOT_BUILT
    (built / "later.html").rename(built / "index.html")
    assert visitor.get("/docs/guide/").status_code == 200


def test_the_address_without_a_slash_leads_to_the_one_with_it(visitor) -> None:
    answer = visitor.get("/docs/guide")
    assert (answer.status_code, answer.headers["Location"]) == (308, "./guide/")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_it_can_only_be_read(visitor, method) -> None:
    answer = visitor.open("/docs/guide/index.html", method=method)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_a_page_that_is_known_already_is_not_sent_again(visitor) -> None:
    first = visitor.get("/docs/guide/index.html")
    again = visitor.get("/docs/guide/index.html", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("path", ["/docs/guide", "/docs/guide/", "/docs/guide/nothing.html"])
def test_it_is_as_public_as_the_documentation_of_the_api(built, app_with, path) -> None:
    """With ``DOCS_PUBLIC=false`` any token opens it, and nobody else learns what there is."""
    app = app_with(docs_public=False)
    assert app.test_client().get(path).status_code == 401
    reader = with_token(app, MASTER_TOKEN)
    assert reader.get(path).status_code == {"/docs/guide": 308, "/docs/guide/": 200}.get(path, 404)
