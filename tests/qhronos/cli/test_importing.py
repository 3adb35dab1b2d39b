"""What crontabs and calendar files become.

qhronos/cli/crontab.py and the commands in qhronos/cli/commands/importing.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from qhronos.cli import crontab
from tests.qhronos.cli.conftest import Run

TO = "http://127.0.0.1:9/{name}"


def read(text: str, *, with_user: bool = False) -> crontab.Crontab:
    return crontab.read(text.splitlines(), with_user=with_user)


def test_a_line_has_its_fields_its_command_and_its_input() -> None:
    (job,) = read(r"0 9 * * 1  X=1 /bin/mail -s 100\% me%hello%you").jobs
    assert (job.cron, job.name) == ("0 9 * * 1", "mail")
    assert (job.command, job.stdin) == ("X=1 /bin/mail -s 100% me", "hello\nyou\n")
    (job,) = read("@daily root /bin/a b", with_user=True).jobs
    assert (job.cron, job.user, job.command) == ("@daily", "root", "/bin/a b")
    (job,) = read("-*/5 * * * * /bin/quiet").jobs
    assert job.cron == "*/5 * * * *"


def test_a_zone_counts_for_the_lines_below_and_other_settings_are_named_without_value() -> None:
    found = read(
        "* * * * * a\nPW = 's3cret'\nTZ=:Asia/Tokyo\n* * * * * b\nCRON_TZ=\"UTC\"\n@daily c"
    )
    assert [job.zone for job in found.jobs] == [None, "Asia/Tokyo", "UTC"]
    assert found.notes[2] == "PW is not moved: set it where the command runs."
    assert found.notes[3].startswith("The lines below are in the time zone Asia/Tokyo.")


def test_what_is_no_line_is_named_with_its_number() -> None:
    found = read("# one\n\n@reboot a\n* * * *\n* * * * * %in\n")
    assert {line: why[:14] for line, why in found.refused.items()} == {
        3: "@reboot can't ",
        4: "This is no lin",
        5: "This line has ",
    }


def test_the_key_stays_when_the_schedule_changes_and_differs_for_each_line() -> None:
    first = [job.key for job in read("1 * * * * a\n2 * * * * a\n3 * * * * b").jobs]
    again = [job.key for job in read("9 * * * * a\n8 * * * * a\n7 * * * * b").jobs]
    assert first == again
    assert len(set(first)) == 3


def test_the_address_is_filled_and_placeholders_of_qhronos_stay() -> None:
    (job,) = read("* * * * * a/b /x", with_user=True).jobs
    event = job.event("http://h/{name}/{user}/{line}?c={{metadata.command}}", "Asia/Tokyo")
    assert event["webhook"] == "http://h/x/a%2Fb/1?c={{metadata.command}}"
    assert (event["timezone"], event["metadata"]) == (
        "Asia/Tokyo",
        {"command": "/x", "user": "a/b"},
    )
    assert crontab.unknown_slots("http://h/{nam}/{{event.name}}") == ["nam"]


def test_the_zone_of_this_machine_is_found(tmp_path: Path) -> None:
    assert crontab.zone_of_machine({"TZ": ":Asia/Tokyo"}, tmp_path) == "Asia/Tokyo"
    assert crontab.zone_of_machine({}, tmp_path) is None
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/localtime").symlink_to("../usr/share/zoneinfo/Europe/Berlin")
    assert crontab.zone_of_machine({}, tmp_path) == "Europe/Berlin"
    (tmp_path / "etc/timezone").write_text("Europe/Rome\n")
    assert crontab.zone_of_machine({}, tmp_path) == "Europe/Rome"
    assert crontab.has_user_column(Path("/etc/cron.d/x"))
    assert not crontab.has_user_column(Path("x"))


def test_a_crontab_is_moved_once(on_app: Run, home: Path, tag: str) -> None:
    def imported(*words: str) -> Any:
        ended = on_app("import", "crontab", "c", "--webhook", TO, "--tag", tag, "--json", *words)
        assert "Line 3 is not moved: " in ended.err
        assert ended.code == 5
        return ended.json

    (home / "c").write_text("CRON_TZ=Europe/Berlin\n0 9 * * * /bin/a\n*/90 * * * * /bin/b\n")
    dry = imported("--dry-run")
    assert [(one["line"], one["outcome"]) for one in dry] == [(2, "would make"), (3, "refused")]
    assert len(dry[0]["next"]) == 3
    assert not on_app("events", "list", "--tag", tag, "--json").json
    assert [one["outcome"] for one in imported()] == ["made", "refused"]
    assert [one["outcome"] for one in imported()] == ["unchanged", "refused"]
    (home / "c").write_text("CRON_TZ=Europe/Berlin\n0 8 * * * /bin/a\n*/90 * * * * /bin/b\n")
    assert imported()[0]["outcome"] == "updated"
    (event,) = on_app("events", "list", "--tag", tag, "--json").json
    assert (event["webhook"], event["timezone"]) == ("http://127.0.0.1:9/a", "Europe/Berlin")
    assert (event["schedule"], event["metadata"]) == ({"cron": "0 8 * * *"}, {"command": "/bin/a"})
    assert on_app("import", "crontab", "c", "--webhook", "http://h/{nam}").code == 2


CALENDAR = """BEGIN:VCALENDAR
BEGIN:VEVENT
UID:cli-import
SUMMARY:deploy
DTSTART:20300105T100000Z
END:VEVENT
BEGIN:VEVENT
UID:without-a-start
END:VEVENT
END:VCALENDAR
"""


def test_a_calendar_file_says_what_became_of_each_entry(on_app: Run, home: Path) -> None:
    (home / "a.ics").write_text(CALENDAR.replace("\n", "\r\n"))
    words = ("import", "ics", "a.ics", "--webhook", TO.format(name="x"))
    outcomes = []
    for more in (["--dry-run"], [], []):
        ended = on_app(*words, *more, "--json")
        outcomes.append([one["outcome"] for one in ended.json])
        assert (ended.code, "Line 7: " in ended.err) == (5, True), ended
    assert outcomes == [["made", "refused"], ["made", "refused"], ["unchanged", "refused"]]
    assert "deploy" in on_app(*words).out


def test_a_large_calendar_file_is_followed_to_its_end(
    on_app: Run, home: Path, monkeypatch: pytest.MonkeyPatch, answered_by: Any
) -> None:
    states = iter(["running", "completed"])

    def service(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/entries"):
            return httpx.Response(200, json=[{"outcome": "made", "name": "n", "line": 2}])
        job = {"id": "j", "status": next(states), "phase": "writing", "total": 9, "done": 3}
        return httpx.Response(202 if request.method == "POST" else 200, json=job)

    monkeypatch.setattr("qhronos.cli.session.make_client", lambda *_: answered_by(service))
    monkeypatch.setattr("qhronos.cli.waiting.FIRST_S", 0)
    (home / "a.ics").write_text(CALENDAR)
    ended = on_app("import", "ics", "a.ics", "--json")
    assert (ended.code, [one["outcome"] for one in ended.json]) == (0, ["made"])
