"""Imports in the background: every entry once, whoever dies, and only what their token may.

Tests ``app.api.lazy_bodies``, ``app.api.schemas.event_bodies``, ``app.domain.import_job``,
``app.services.import_audit``, ``app.services.import_phases`` and ``app.store.import_jobs``, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.api.lazy_bodies import lazy_loader
from app.domain.access import MASTER, Access, Credential
from app.domain.ical.importing import read_entries
from app.domain.ids import to_text
from app.domain.import_job import ImportJob
from app.domain.imports import MAX_VEVENTS, ImportRequest
from app.errors import Conflict, NotFound, StoreUnavailable
from app.services import import_phases
from app.services.audit import AuditQuery
from app.services.import_writes import ImportWriter
from app.services.jobs import ABANDONED_AFTER_MS
from app.services.queries import EventQuery
from app.store.import_jobs import ImportJobStore
from app.store.token_keys import TokenKeys
from app.wiring.services import Services, build_services
from tests.support.clock import NOW_MS, FakeClock
from tests.support.ical import a_file
from tests.support.invariants import broken

ZOE = Access("Zoë", "read_write", frozenset({"red"}))
TOKEN = Credential("11111111-1111-4111-8111-111111111111", NOW_MS // 1000, NOW_MS + 10**9)
FEED = ImportRequest(source="team", webhook="https://example.com/", tags=("red",))


@pytest.fixture(autouse=True)
def _sound_store(services: Services) -> Iterator[None]:
    yield
    assert broken(services.storage.client, services.settings.partitions) == []


@pytest.fixture(autouse=True)
def _short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_phases, "STEP", 3)


def vevent(uid: int, hour: int = 9) -> str:
    return f"UID:{uid}\nSUMMARY:no. {uid}\nDTSTART:20260201T{hour:02}0000Z"


BAD = "UID:bad\nSUMMARY:bad\nDTSTART:20260201T090000Z\nX-QHRONOS-WEBHOOK:ftp://example.com"


def create(
    services: Services,
    *events: str,
    request: ImportRequest = FEED,
    access: Access = ZOE,
) -> ImportJob:
    data = a_file(*events)
    calendar = read_entries(
        data, None, now_ms=NOW_MS, webhook=request.webhook, tags=request.tags, most=MAX_VEVENTS
    )
    credential = None if access is MASTER else TOKEN
    return services.import_jobs.create(data, calendar, request, access, credential)


def work(services: Services) -> None:
    load = lazy_loader(lambda: services)
    while services.import_jobs.continue_waiting(load):
        pass


def ended(services: Services, job: ImportJob, access: Access = ZOE) -> ImportJob:
    assert isinstance(services.clock, FakeClock)
    services.clock.advance(ABANDONED_AFTER_MS)
    work(services)
    return services.import_jobs.get(to_text(job.id), access)


def live(services: Services) -> list[str]:
    found = services.events.list(EventQuery(status="active", limit=1000), MASTER).items
    return sorted(event.name for event in found)


def outcomes(services: Services, job: ImportJob) -> list[str]:
    lines = services.import_jobs.lines(to_text(job.id), ZOE, None, 1000, None)
    assert lines.total == len(lines.items)
    return [one.outcome for one in lines.items]


MANY = [vevent(n) for n in range(10)]


def test_every_entry_is_taken_and_what_has_left_ends(services: Services) -> None:
    job = ended(services, create(services, *MANY))
    assert (job.status, job.made, job.total) == ("completed", 10, 10)
    assert outcomes(services, job) == ["made"] * 10
    again = ended(services, create(services, *MANY[:7], vevent(7, 10), BAD))
    assert (again.status, again.unchanged, again.updated) == ("completed", 7, 1)
    assert (again.refused, again.cancelled) == (1, 2)
    assert live(services) == sorted(f"no. {n}" for n in range(8))
    wanted = ["unchanged"] * 7 + ["updated", "refused", "cancelled", "cancelled"]
    assert outcomes(services, again) == wanted
    refused = services.import_jobs.lines(to_text(again.id), ZOE, "refused", 1, None)
    assert [one.name for one in refused.items] == ["bad"]


def test_lines_come_in_pages(services: Services) -> None:
    job = ended(services, create(services, *MANY))
    names, cursor = [], None
    while True:
        page = services.import_jobs.lines(to_text(job.id), ZOE, None, 4, cursor)
        names += [one.name for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert names == [f"no. {n}" for n in range(10)]


@pytest.mark.parametrize("dies_in", ["note_seen", "put_lines", "save"])
@pytest.mark.parametrize("after", [0, 2, 5])
def test_a_worker_that_dies_is_followed_by_another(
    services: Services, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, dies_in: str, after: int
) -> None:
    """Nothing is made twice, and the answer is as if none had died."""
    create(services, *MANY[:4])
    work(services)
    job = create(services, *MANY)
    whole, calls = getattr(ImportJobStore, dies_in), []

    def dying(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == after + 1:
            raise StoreUnavailable
        return whole(*args)

    monkeypatch.setattr(ImportJobStore, dies_in, dying)
    for _ in range(20):
        try:
            work(services)
        except StoreUnavailable:
            services.import_jobs.phases.worker = b"another."
            services.import_jobs.phases._read = None
        clock.advance(ABANDONED_AFTER_MS)
    done = services.import_jobs.get(to_text(job.id), ZOE)
    assert (done.status, done.unchanged, done.made) == ("completed", 4, 6)
    assert outcomes(services, job) == ["unchanged"] * 4 + ["made"] * 6
    assert live(services) == sorted(f"no. {n}" for n in range(10))


def test_a_worker_that_was_held_up_writes_nothing_more(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has decided what to write; meanwhile another has taken the job over and finished it."""
    job = create(services, *MANY)
    other = build_services(services.settings, replace(services.storage.doubles))
    write = ImportWriter.write

    def held_up(self: ImportWriter, *args: Any) -> Any:
        monkeypatch.undo()
        clock = services.clock
        assert isinstance(clock, FakeClock)
        clock.advance(ABANDONED_AFTER_MS + 1)
        work(other)
        return write(self, *args)

    monkeypatch.setattr(ImportWriter, "write", held_up)
    services.import_jobs.continue_waiting(lazy_loader(lambda: services))
    done = services.import_jobs.get(to_text(job.id), ZOE)
    assert (done.status, done.made) == ("completed", 10)
    assert live(services) == sorted(f"no. {n}" for n in range(10))
    other.storage.client.close()


class TestAllOrNone:
    WHOLE = replace(FEED, atomic=True)

    def test_one_bad_entry_and_none_is_made(self, services: Services) -> None:
        job = ended(services, create(services, *MANY, BAD, request=self.WHOLE))
        assert (job.status, job.refused, job.made) == ("refused", 1, 0)
        assert outcomes(services, job) == ["refused"]
        assert "webhook" in (job.reason or "")
        assert live(services) == []
        assert ended(services, create(services, *MANY, request=self.WHOLE)).made == 10

    def test_too_many_that_would_end(self, services: Services) -> None:
        many = [vevent(n) for n in range(30)]
        ended(services, create(services, *many))
        job = ended(services, create(services, *many[:2], request=self.WHOLE))
        assert job.status == "refused"
        assert "max_ended=28" in (job.reason or "")
        assert len(live(services)) == 30
        kept = ended(services, create(services, *many[:2], vevent(99)))
        assert (kept.status, kept.made, kept.refused) == ("completed", 1, 28)
        meant = replace(self.WHOLE, max_ended=40)
        assert ended(services, create(services, *many[:2], request=meant)).cancelled == 29
        assert live(services) == ["no. 0", "no. 1"]

    def test_it_can_be_cancelled_only_before_it_is_written(self, services: Services) -> None:
        job = create(services, *MANY, request=self.WHOLE)
        phases = services.import_jobs.phases
        for _ in range(7):
            phases.step(job.id, services.clock.now_ms(), lazy_loader(lambda: services))
        with pytest.raises(Conflict):
            services.import_jobs.cancel(to_text(job.id), ZOE)
        assert ended(services, job).made == 10


def test_a_dry_run_says_the_same_and_writes_nothing(services: Services) -> None:
    ended(services, create(services, *MANY))
    dry = replace(FEED, dry_run=True)
    job = ended(services, create(services, *MANY[2:], vevent(99), BAD, request=dry))
    assert job.status == "completed"
    assert (job.unchanged, job.made, job.refused, job.cancelled) == (8, 1, 1, 2)
    (made,) = services.import_jobs.lines(to_text(job.id), ZOE, "made", 10, None).items
    assert made.event_id is None, "no event has the id that it would get"
    assert len(live(services)) == 10


def test_cancelled_it_leaves_what_is_written(services: Services) -> None:
    job = create(services, *MANY)
    services.import_jobs.phases.step(job.id, services.clock.now_ms(), lazy_loader(lambda: services))
    assert services.import_jobs.cancel(to_text(job.id), ZOE).status == "cancelled"
    assert services.import_jobs.cancel(to_text(job.id), ZOE).status == "cancelled"
    assert ended(services, job).made == 3
    assert len(live(services)) == 3
    # The source is free again, and goes on where it was.
    assert ended(services, create(services, *MANY)).made == 7
    with pytest.raises(Conflict):
        services.import_jobs.cancel(to_text(create_ended(services).id), ZOE)


def create_ended(services: Services) -> ImportJob:
    return ended(services, create(services, *MANY))


def test_it_ends_with_its_token(services: Services) -> None:
    job = create(services, *MANY)
    services.import_jobs.phases.step(job.id, services.clock.now_ms(), lazy_loader(lambda: services))
    services.storage.client.set(
        TokenKeys(is_cluster=services.storage.client.is_cluster).revoked(TOKEN.jti), 1
    )
    done = ended(services, job)
    assert (done.status, done.made) == ("stopped", 3)
    assert "revoked" in (done.reason or "")


def test_one_import_of_a_source_at_a_time(services: Services) -> None:
    create(services, *MANY)
    with pytest.raises(Conflict):
        create(services, *MANY)
    create(services, *MANY, request=replace(FEED, source="other"))


def test_so_many_at_once_and_no_more(services: Services) -> None:
    for n in range(5):
        create(services, *MANY, request=replace(FEED, source=str(n)))
    with pytest.raises(Conflict, match="5 imports"):
        create(services, *MANY, request=replace(FEED, source="5"))
    create(services, *MANY, access=MASTER)


def test_who_sees_it(services: Services) -> None:
    job = create(services, *MANY)
    others = (
        Access("Zoë", "read_write", frozenset({"red", "blue"})),
        Access("Yan", "read_write", frozenset({"red"})),
    )
    for other in others:
        with pytest.raises(NotFound):
            services.import_jobs.get(to_text(job.id), other)
        assert services.import_jobs.list(other, 10, None).items == ()
    assert [one.id for one in services.import_jobs.list(MASTER, 10, None).items] == [job.id]
    assert [one.id for one in services.import_jobs.list(ZOE, 10, None).items] == [job.id]


def test_what_has_ended_is_forgotten(services: Services, clock: FakeClock) -> None:
    job = ended(services, create(services, *MANY))
    clock.advance(services.settings.retention_occurrences_ms + 1)
    assert services.import_jobs.forget_old(clock.now_ms()) == 1
    with pytest.raises(NotFound):
        services.import_jobs.get(to_text(job.id), ZOE)
    left = list(services.storage.client.scan_iter(match=b"qh:{imports}*"))
    assert [key for key in left if b":sources" not in key] == []


def test_the_audit_log_names_what_was_changed(services: Services) -> None:
    job = ended(services, create(services, *MANY))
    entries, _ = services.audit.page(AuditQuery(action="event.import"))
    named = "".join(entries)
    lines = services.import_jobs.lines(to_text(job.id), ZOE, None, 1000, None).items
    assert all(to_text(one.event_id or b"") in named for one in lines)
    assert '"status":"completed"' in entries[0]
    before = len(entries)
    ended(services, create(services, *MANY))
    assert len(services.audit.page(AuditQuery(action="event.import"))[0]) == before + 1


def test_a_file_that_is_not_kept_any_more(services: Services) -> None:
    job = create(services, *MANY)
    services.storage.import_jobs.drop_file(job.id)
    done = ended(services, job)
    assert (done.status, done.reason) == ("stopped", import_phases.NO_FILE)


def test_a_file_that_takes_too_much_computing_is_stopped(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_phases, "IMPORTING_JOB", 900)
    done = ended(services, create(services, *MANY))
    assert (done.status, done.reason) == ("stopped", import_phases.TOO_COSTLY)
    assert 0 < done.made < 10
