"""Commands work on Debian, Alpine and macOS alike: no option that only GNU's tools have."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import PAGES, Page

GNU_ONLY = {
    r"\bdate\b.* (-d|--date|--iso-8601|-I)": "BSD's date has -v, busybox' date has neither",
    r"%[0-9]*N": "nanoseconds are GNU date's",
    r"\bsed\b.* (-i|-r|--)": "sed -i wants a suffix on BSD; -r is -E there",
    r"\bgrep\b.* (-\w*P|--perl|-z\b)": "only GNU grep knows Perl's expressions",
    r"\bbase64\b.* (-w|--wrap|-D)": "only GNU's and busybox' base64 know -w",
    r"\breadlink\b.* -f": "older macOS has no readlink -f",
    r"\bstat\b.* (-c|--format|--printf)": "BSD's stat has -f",
    r"\bxargs\b.* (-r|-d|--)": "BSD's xargs has no -d",
    r"\bsort\b.* (-V|-h\b|--)": "not on every BSD and busybox",
    r"\b(head|tail)\b.* (-n -|-c -|--)": "BSD's head can't leave out the end",
    r"\bcp\b.* (-t|--)": "GNU only",
    r"\bls\b.* --": "long options are GNU's",
    r"\bmktemp\b.* (--|-p)": "GNU only",
    r"\bfind\b.* -(printf|regextype)": "GNU only",
    r"\b(tac|timeout|nproc|shuf|seq|watch|realpath|sha256sum|md5sum)\b": "not on macOS",
    r"\becho -[en]": "shells differ; printf is the same everywhere",
    r"<<<|\bfunction \w+|\[\[|&>": "bash only: Alpine's shell is ash",
    r"\b(apt-get|apt|apk|brew|systemctl)\b": "one system only",
}
"""What to refuse, and why."""


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.name)
def test_no_command_needs_gnu_or_one_system(one: Page) -> None:
    for text in one.in_language("bash", "sh"):
        # JSON in quotes is no command.
        for line in re.sub(r"'[{][^']*'", "''", text.replace("\\\n", " ")).splitlines():
            for pattern, reason in GNU_ONLY.items():
                assert not re.search(pattern, line), f"{line}: {reason}"


@pytest.mark.parametrize(
    "line",
    [
        "date -u -d '+2 sec' +%FT%TZ",
        "date -u +%FT%T.%3NZ",
        "sed -i s/a/b/ file",
        "echo x | grep -oP '[0-9]+'",
        "base64 -w0 file",
        "echo -n secret",
        "sha256sum file",
    ],
)
def test_the_guard_knows_what_it_is_for(line: str) -> None:
    assert any(re.search(pattern, line) for pattern in GNU_ONLY)
