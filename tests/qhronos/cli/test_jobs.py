"""Many events at once, and what is done in the background.

qhronos/cli/jobs.py, event_filters.py, long_work.py, and the commands bulk, jobs and deadletters.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from qhronos import models
from qhronos.bulk_models import BulkJob
from qhronos.cli import jobs, waiting
from qhronos.cli.failures import NotOver
from tests.qhronos.cli.conftest import Run

HOOK = ("--webhook", "http://127.0.0.1:9/")


def made(on_app: Run, tag: str, *names: str) -> None:
    for name in names:
        assert on_app("events", "create", "--name", name, "--delay", "9h", *HOOK, "--tag", tag,
                      "--metadata", f'{{"n": "{name}"}}').code == 0  # fmt: skip


def test_many_events_are_counted_then_asked_for_then_changed(on_app: Run, tag: str) -> None:
    """No worker runs here, so the job stays where it is until it is cancelled."""
    made(on_app, tag, "one", "two", "three", "four")
    counted = on_app("bulk", "pause", "--tag", tag, "--dry-run")
    assert (counted.code, counted.out) == (0, "It would pause 4 events, as four, three, two.\n")
    few = on_app("bulk", "delete", "--tag", tag, "--all-tags", "--name", "two", "--dry-run")
    assert few.out == "It would delete 1 event: two.\n"
    assert on_app("bulk", "delete", "--tag", tag, "--metadata", "n:none", "--yes").out == (
        "There is nothing to delete.\n"
    )
    asked = on_app("bulk", "pause", "--tag", tag)
    assert (asked.code, asked.err.splitlines()[0]) == (
        2, "Pause 4 events, as four, three, two? Say --yes if you mean it.",
    )  # fmt: skip
    started = on_app("bulk", "pause", "--tag", tag, "--note", "why", "--yes", "--json")
    assert (started.code, started.json["kind"], started.json["total"]) == (0, "bulk", 4)
    job = started.json["id"]
    assert f"'qhronos jobs show {job}'" in started.err
    assert on_app("bulk", "pause", "--tag", tag, "--yes", "--wait", "--timeout", "0").code == 6
    listed = on_app("jobs", "list", "--kind", "bulk").out
    assert job in listed
    assert job not in on_app("jobs", "list", "--kind", "redelivery").out
    assert on_app("jobs", "cancel", job).code == 0
    assert on_app("jobs", "show", job, "--wait", "--json").code == 1
    assert on_app("jobs", "show", "no-job").code == 4
    assert on_app("jobs", "entries", job).code == 4


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["delete"], "Say which: --tag, another filter (see --help), or --all."),
        (["delete", "--all", "--tag", "x"], "--all means every event: leave it out, or the filters."),
        (["retag", "--tag", "x"], "Say which tags: --add or --remove."),
        (["pause", "--tag", "x", "--tag", ""], "--tag: must be 1 to 64 characters long"),
        (["resume", "--all-tags"], "--all-tags goes with --tag: say which."),
        (["resume", "--host", "a/b"], "--host: must be the host alone"),
        (["retag", "--all", "--add", "a,b"], "--add: must not contain a comma"),
    ],
)  # fmt: skip
def test_nobody_means_all_by_mistake(on_app: Run, words: list[str], sentence: str) -> None:
    ended = on_app("bulk", *words, "--yes")
    assert ended.code in (2, 5)
    assert ended.err.startswith(sentence), ended.err


def test_dead_letters_of_a_status_are_all_redelivered_only_if_that_is_said(on_app: Run) -> None:
    assert on_app("deadletters", "redeliver", "--status", "missed").code == 2
    assert on_app("deadletters", "redeliver", "--all", "--tag", "x").code == 2
    assert on_app("deadletters", "redeliver", "--all", "--status", "missed").code == 0


def test_a_job_is_waited_for_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting.time, "sleep", lambda _: None)

    def at(status: str, **counts: int) -> models.RedeliveryJob:
        return models.RedeliveryJob.of({"id": "j", "status": status, "total": 3, **counts})

    client = Mock()
    read = client.occurrences.redelivery
    read.side_effect = [at("running", completed=1), at("completed", completed=2, failed=1)]
    first = jobs.Job("redelivery", at("running").raw)
    ended = jobs.follow(client, first, waiting.Patience(60))
    assert (ended.done, ended.total, ended.went_well) == (3, 3, False)
    read.side_effect = [at("running")]
    with pytest.raises(NotOver, match="'qhronos jobs show j' has it, 'qhronos jobs cancel j'"):
        jobs.follow(client, first, waiting.Patience(0))


def test_ctrl_c_in_a_wait_says_that_the_job_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(waiting.time, "sleep", Mock(side_effect=KeyboardInterrupt))
    job = jobs.Job("bulk", {"id": "j", "status": "running", "action": "delete"})
    with pytest.raises(KeyboardInterrupt):
        jobs.follow(Mock(), job, waiting.Patience(None))
    assert capsys.readouterr().err.startswith("The job goes on: 'qhronos jobs show j' has it")


def test_jobs_of_all_kinds_are_one_list_the_newest_first() -> None:
    def job(number: int) -> Any:
        return BulkJob.of({"id": f"{number}", "status": "running", "action": "delete",
                           "created_at": f"2027-01-0{number}T00:00:00Z"})  # fmt: skip

    client = Mock()
    client.bulk_jobs.list.return_value = [job(5), job(2)]
    client.occurrences.redeliveries.return_value = [job(4)]
    client.events.import_jobs.return_value = [job(3), job(1)]
    found = list(jobs.listed(client, jobs.KINDS, 4))
    assert [(one.id, one.kind) for one in found] == [
        ("5", "bulk"), ("4", "redelivery"), ("3", "import"), ("2", "bulk"),
    ]  # fmt: skip
