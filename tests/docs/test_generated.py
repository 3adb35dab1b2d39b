"""The generated pages: complete, because they are made from the code."""

from __future__ import annotations

import re

import pytest

from app.config import PREFIX
from app.setting_variables import READERS
from docs.generate.api_reference import api_reference, openapi_document
from docs.generate.extension import GENERATORS, MARK
from docs.generate.inline import tidy
from docs.generate.settings_reference import settings_reference
from tests.docs.pages import PAGES


def test_every_setting_has_a_section_with_its_meaning_and_its_default() -> None:
    """A setting without a text below its field would fail the build."""
    parts = re.split(r"^### ", settings_reference(), flags=re.MULTILINE)[1:]
    assert [part.splitlines()[0] for part in parts] == [PREFIX + name for name in READERS]
    for part in parts:
        _, _, meaning, _, default, *_ = part.splitlines()
        assert meaning.endswith("."), part
        assert default.startswith("Default: "), part


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("PORT", "Default: `8080`. It must be a whole number from 1 to 65535."),
        ("LEASE", "Default: `30s`. It must be from 1s to 1h."),
        ("RETENTION_EVENTS", "Default: `30d`. It must be from 1s to 3650d."),
        ("HOST", "Default: `127.0.0.1`."),
        ("METRICS_PUBLIC", "Default: `false`. It must be 'true' or 'false'."),
        (
            "REDIS_URL",
            (
                "Default: none. It must begin with redis://, rediss:// or unix://, or with "
                "redis+sentinel://, rediss+sentinel://, redis+cluster:// or rediss+cluster://."
            ),
        ),
    ],
)
def test_limits_are_said_by_the_readers_themselves(name: str, line: str) -> None:
    section = settings_reference().partition(f"### {PREFIX}{name}\n")[2].partition("\n### ")[0]
    assert line in section.splitlines()


def test_every_call_and_every_object_has_a_section() -> None:
    text, document = api_reference(), openapi_document()
    for path, methods in document["paths"].items():
        for method in methods.keys() - {"parameters"}:
            escaped = path.replace("_", "\\_").replace("{", "\\{")
            assert f"### {method.upper()} {escaped}\n" in text
    for name in document["components"]["schemas"]:
        assert f"(object-{name.lower()})=\n### {name}\n" in text


def test_every_mark_has_its_generator() -> None:
    used = [name for one in PAGES for name in MARK.findall(one.text)]
    assert sorted(used) == sorted(GENERATORS)


def test_inline_scripts_and_styles_become_files(tmp_path) -> None:
    """The same text becomes the same file, and a second time changes nothing."""
    (tmp_path / "_static").mkdir()
    (tmp_path / "deep").mkdir()
    page = tmp_path / "deep" / "page.html"
    page.write_text(
        '<style>\na{}</style><script>b()</script><svg style="display: none;"><path style="opacity: 50%"/>'
    )
    tidy(tmp_path)
    once = page.read_text()
    script, style = sorted(
        (path.name for path in (tmp_path / "_static").iterdir()), key=lambda name: name[-2:] != "js"
    )
    assert f'<script src="../_static/{script}"></script>' in once
    assert f'href="../_static/{style}"' in once
    assert "style=" not in once
    assert (tmp_path / "_static" / script).read_text() == "b()"
    tidy(tmp_path)
    assert page.read_text() == once
