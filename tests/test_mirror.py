"""Tests stand where the code stands: ``tests/x/test_y.py`` tests ``app/x/y.py``.

A file of code whose tests are elsewhere says so in ``ELSEWHERE``. A schema may also be tested by
the route of its name, and a file that only declares (protocols, values without methods) needs no
test.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APP, TESTS = ROOT / "app", ROOT / "tests"

ELSEWHERE = {
    "app/delivery/actions/canary.py": "tests/engine/test_canary.py",
    "app/store/canary.py": "tests/engine/test_canary.py",
    "app/wiring/canary.py": "tests/engine/test_canary.py",
    "app/backup/__main__.py": "tests/backup/test_commands.py",
    "app/backup/loading.py": "tests/backup/test_commands.py",
    "app/backup/secrets.py": "tests/backup/test_commands.py",
    "app/backup/wording.py": "tests/backup/test_commands.py",
    "app/backup/surveys.py": "tests/backup/test_restoring.py",
    "app/backup/spreading.py": "tests/backup/test_cluster_snapshots.py",
    "app/backup/copying.py": "tests/backup/test_restoring.py",
    "app/store/restores.py": "tests/backup/test_restoring.py",
    "app/store/hash_field.py": "tests/store/test_fields.py",
    "app/engine/drain_options.py": "tests/engine/test_attempt_traces.py",
    "app/api/document/nodes.py": "tests/api/document/test_shapes.py",
    "app/api/http/answers.py": "tests/api/routes/test_events.py",
    "app/api/http/audit_trail.py": "tests/security/test_accountability.py",
    "app/api/http/context.py": "tests/api/test_fuzz.py",
    "app/api/http/errors.py": "tests/api/hostile/test_paths.py",
    "app/api/http/icalendar_body.py": "tests/api/routes/test_icalendar_import.py",
    "app/api/http/loops.py": "tests/security/test_loops.py",
    "app/api/http/paging.py": "tests/api/routes/test_events_lists.py",
    "app/api/http/proxies.py": "tests/security/test_proxies.py",
    "app/api/http/streams.py": "tests/security/test_revocation.py",
    "app/api/schemas/base.py": "tests/api/hostile/test_fields.py",
    "app/services/audit_states.py": "tests/api/routes/test_audit.py",
    "app/api/schemas/event_changes.py": "tests/api/routes/test_events.py",
    "app/api/schemas/event_fields.py": "tests/api/hostile/test_fields.py",
    "app/api/schemas/list_fields.py": "tests/api/routes/test_lists.py",
    "app/metrics/family.py": "tests/metrics/test_registry.py",
    "app/store/brokers.py": "tests/store/test_sentinels.py",
    "app/store/causes.py": "tests/store/test_probe.py",
    "app/store/cluster_connections.py": "tests/store/test_cluster.py",
    "app/store/cluster_faults.py": "tests/store/test_topology.py",
    "app/store/cluster_parts.py": "tests/store/test_cluster.py",
    "app/store/cluster_plans.py": "tests/store/test_cluster.py",
    "app/store/cluster_pipeline.py": "tests/store/test_cluster.py",
    "app/store/cluster_steps.py": "tests/store/test_cluster.py",
    "app/store/connecting.py": "tests/store/test_connection.py",
    "app/store/connection_names.py": "tests/store/test_connection.py",
    "app/store/nodes.py": "tests/store/test_topology.py",
    "app/store/partition_leases.py": "tests/engine/test_share_keeper.py",
    "app/engine/shard_recorder.py": "tests/engine/test_shard_claimer.py",
    "app/store/places.py": "tests/engine/test_shard_claimer.py",
    "app/store/reads_there.py": "tests/engine/test_shard_claimer.py",
    "app/store/shard_channel.py": "tests/engine/test_shard_claimer.py",
    "app/store/pools.py": "tests/store/test_sentinels.py",
    "app/store/archive_notes.py": "tests/engine/test_archiving.py",
    "app/wiring/drain_parts.py": "tests/engine/test_shard_claimer.py",
    "app/wiring/shard_drains.py": "tests/engine/test_shard_claimer.py",
    "app/wiring/other_workers.py": "tests/wiring/test_drains.py",
    "app/wiring/agreement.py": "tests/wiring/test_storage.py",
    "app/wiring/archive.py": "tests/services/problems/test_archive.py",
    "app/store/ended_slices.py": "tests/engine/test_packing.py",
    "app/store/page_keys.py": "tests/store/test_pages.py",
    "app/store/page_records.py": "tests/store/test_pages.py",
    "app/store/page_reads.py": "tests/store/test_pages.py",
    "app/store/wire.py": "tests/store/test_connection.py",
    "app/store/index_reads.py": "tests/store/test_indexes.py",
    "app/store/selections.py": "tests/store/test_indexes.py",
    "app/store/event_looks.py": "tests/services/test_lists_model.py",
    "app/store/term_writes.py": "tests/store/migrations/test_events_by_host.py",
    "app/store/term_index.py": "tests/store/migrations/test_events_by_host.py",
    "app/store/withdrawals.py": "tests/store/test_model.py",
    "app/store/walks.py": "tests/store/test_indexes.py",
    "app/api/schemas/fields.py": "tests/api/hostile/test_fields.py",
    "app/api/schemas/representations.py": "tests/api/routes/test_events.py",
    "app/api/schemas/batches.py": "tests/api/routes/test_event_batch.py",
    "app/services/event_batch.py": "tests/api/routes/test_event_batch.py",
    "app/api/schemas/schedule.py": "tests/api/hostile/test_fields.py",
    "app/api/schemas/tags.py": "tests/api/hostile/test_fields.py",
    "app/engine/alert_sources.py": "tests/engine/test_alert_watch.py",
    "app/wiring/alert_runner.py": "tests/engine/test_alert_runner.py",
    "app/wiring/alerts.py": "tests/engine/test_alert_runner.py",
    "app/console/acts.py": "tests/console/pages/test_event.py",
    "app/console/pages/sign_in.py": "tests/console/test_session.py",
    "app/delivery/actions/apicall.py": "tests/delivery/test_calls.py",
    "app/delivery/actions/webhook.py": "tests/delivery/test_request.py",
    "app/delivery/actions/websocket.py": "tests/api/routes/test_events_actions.py",
    "app/delivery/occurrence_body.py": "tests/delivery/test_request.py",
    "app/delivery/signed_headers.py": "tests/delivery/test_request.py",
    "app/delivery/trust.py": "tests/delivery/test_tls.py",
    "app/setting_variables.py": "tests/test_config.py",
    "app/domain/event.py": "tests/services/test_events.py",
    "app/domain/outcome.py": "tests/domain/test_retry.py",
    "app/domain/process.py": "tests/services/test_processes.py",
    "app/delivery/live_message.py": "tests/store/test_live.py",
    "app/engine/flow_ends.py": "tests/engine/test_flow_claimer.py",
    "app/engine/senders.py": "tests/engine/test_live_sender.py",
    "app/engine/target_limit.py": "tests/engine/test_target_limits.py",
    "app/live/asker.py": "tests/live/test_hub.py",
    "app/live/clients.py": "tests/live/test_hub.py",
    "app/live/connected.py": "tests/live/test_hub.py",
    "app/live/desk.py": "tests/live/test_hub.py",
    "app/live/ears.py": "tests/live/test_hub.py",
    "app/live/places.py": "tests/live/test_hub.py",
    "app/live/stream.py": "tests/live/test_streams.py",
    "app/store/live_keys.py": "tests/store/test_live.py",
    "app/errors.py": "tests/api/hostile/test_paths.py",
    "app/factory.py": "tests/api/test_fuzz.py",
    "app/runtime/__main__.py": "tests/runtime/test_run.py",
    "app/runtime/inbox.py": "tests/runtime/test_receiver.py",
    "app/runtime/local.py": "tests/runtime/test_run.py",
    "app/runtime/server_settings.py": "tests/runtime/test_embedded.py",
    "app/runtime/stamp.py": "tests/runtime/test_append_only.py",
    "app/runtime/store_files.py": "tests/runtime/test_append_only.py",
    "app/runtime/maintenance.py": "tests/security/test_accountability.py",
    "app/services/audit.py": "tests/security/test_accountability.py",
    "app/store/migrations/audit_compressed.py": "tests/store/test_audit_entries.py",
    "app/services/event_keys.py": "tests/api/routes/test_event_keys.py",
    "app/services/event_places.py": "tests/api/routes/test_event_keys.py",
    "app/api/lazy_bodies.py": "tests/services/test_import_jobs.py",
    "app/api/schemas/import_texts.py": "tests/api/routes/test_imports.py",
    "app/api/schemas/event_bodies.py": "tests/services/test_import_jobs.py",
    "app/api/schemas/validation.py": "tests/api/hostile/test_fields.py",
    "app/domain/import_job.py": "tests/services/test_import_jobs.py",
    "app/domain/bulk_job.py": "tests/services/test_bulk_jobs.py",
    "app/services/bulk_audit.py": "tests/services/test_bulk_jobs.py",
    "app/services/bulk_steps.py": "tests/services/test_bulk_jobs.py",
    "app/store/bulk_jobs.py": "tests/services/test_bulk_jobs.py",
    "app/wiring/acts.py": "tests/services/test_deletions.py",
    "app/wiring/bulk.py": "tests/services/test_bulk_jobs.py",
    "app/services/jobs.py": "tests/services/test_redeliveries.py",
    "app/store/jobs.py": "tests/services/test_redeliveries.py",
    "app/store/job_keys.py": "tests/services/test_redeliveries.py",
    "app/services/import_audit.py": "tests/services/test_import_jobs.py",
    "app/services/import_phases.py": "tests/services/test_import_jobs.py",
    "app/store/import_jobs.py": "tests/services/test_import_jobs.py",
    "app/domain/imports.py": "tests/services/test_imports.py",
    "app/services/import_steps.py": "tests/services/test_imports.py",
    "app/services/import_plans.py": "tests/services/test_imports.py",
    "app/services/import_writes.py": "tests/services/test_imports.py",
    "app/store/event_batches.py": "tests/services/test_imports.py",
    "app/store/import_keys.py": "tests/services/test_imports.py",
    "app/store/imports.py": "tests/services/test_imports.py",
    "app/services/event_changes.py": "tests/services/test_events.py",
    "app/services/occurrences.py": "tests/api/routes/test_occurrences.py",
    "app/services/lateness_history.py": "tests/console/test_lateness_history.py",
    "app/services/overview.py": "tests/console/test_overview.py",
    "app/services/overview_parts.py": "tests/console/test_overview.py",
    "app/services/previews.py": "tests/api/routes/test_planning.py",
    "app/services/redelivery_steps.py": "tests/services/test_redeliveries.py",
    "app/services/secret_rotation.py": "tests/api/routes/test_secret_rotation.py",
    "app/setting_readers.py": "tests/test_config.py",
    "app/store/breakers.py": "tests/engine/test_circuit_breakers.py",
    "app/store/calendars.py": "tests/services/test_calendars.py",
    "app/store/calls.py": "tests/store/test_scripts.py",
    "app/store/claims.py": "tests/store/test_claim_ahead.py",
    "app/store/events.py": "tests/store/test_scripts.py",
    "app/store/event_plans.py": "tests/store/test_scripts.py",
    "app/store/homecoming.py": "tests/api/test_moving.py",
    "app/store/moved_claims.py": "tests/api/test_moving.py",
    "app/store/moves.py": "tests/api/test_moving.py",
    "app/store/raises.py": "tests/api/test_moving.py",
    "app/store/whereabouts.py": "tests/api/test_moving.py",
    "app/services/moving.py": "tests/api/test_moving.py",
    "app/store/local_faults.py": "tests/engine/test_local_faults.py",
    "app/store/figures.py": "tests/services/test_health.py",
    "app/store/flow_gate.py": "tests/store/test_flow_scripts.py",
    "app/store/flow_turns.py": "tests/store/test_flow_scripts.py",
    "app/store/flow_keys.py": "tests/store/test_spread.py",
    "app/store/token_keys.py": "tests/store/test_spread.py",
    "app/store/flows.py": "tests/store/test_flow_scripts.py",
    "app/store/keys.py": "tests/store/test_scripts.py",
    "app/store/occurrences.py": "tests/store/test_scripts.py",
    "app/store/owners.py": "tests/services/test_quotas.py",
    "app/store/kept_ids.py": "tests/services/test_event_creation.py",
    "app/store/processes.py": "tests/services/test_processes.py",
    "app/store/rates.py": "tests/services/test_occurrence_quota.py",
    "app/store/reading.py": "tests/store/test_scripts.py",
    "app/store/script_contracts.py": "tests/store/test_script_loader.py",
    "app/store/refusals.py": "tests/store/test_probe.py",
    "app/store/server_state.py": "tests/services/problems/test_store_settings.py",
    "app/store/sweep.py": "tests/engine/test_upkeep.py",
    "app/store/tokens.py": "tests/services/test_tokens.py",
    "app/store/work.py": "tests/store/test_scripts.py",
    "app/store/new_events.py": "tests/store/test_recorded_events.py",
    "app/wiring/intake.py": "tests/api/routes/test_event_batch.py",
    "app/services/rollups.py": "tests/store/test_stats.py",
    "app/store/slos.py": "tests/services/test_slos.py",
    "app/store/stats_keys.py": "tests/store/test_stats.py",
    "app/wiring/stats.py": "tests/services/test_stats.py",
    "app/wiring/health.py": "tests/services/test_health.py",
    "app/wiring/own_process.py": "tests/services/test_processes.py",
    "app/wiring/redeliveries.py": "tests/services/test_redeliveries.py",
    "app/wiring/views.py": "tests/services/test_request_copies.py",
    "app/wiring/quotas.py": "tests/services/test_occurrence_quota.py",
}
"""Where a file is tested that has no test of its own name: a test that imports or names it."""

WHOLE = {"domain/recurrence": "compile_schedule", "domain/ical": "read_entries"}
"""Packages that are tested as a whole, through the one function that others call most."""

OTHER_FOLDERS = {
    "benchmarks": "what is computed where nothing can be measured: the simulation",
    "api/hostile": "requests that try to break the API",
    "calendars": "other people's calendar files, and another reader of them",
    "clients": "makes clients of the OpenAPI document, and runs them",
    "chaos": "kills and stops at random",
    "costs": "searches for the request that costs most",
    "deployment": "the files of deploy/: what they name exists, and they are run",
    "drill": "loses the store, and restores a backup of it",
    "regions": "loses a region, and has the other take over",
    "docs": "what the documents promise",
    "e2e": "real processes and a real receiver",
    "mutation": "changes the rules and sees whether a test notices",
    "package": "installs the package into a clean environment and runs it",
    "production": "what an operations team does, and what happens to it",
    "qhronos": "the package for users: its client, its command line, and what is in it",
    "recipes": "the recipes in other languages, compiled and run",
    "security": "what an attacker would try",
    "support": "what tests share",
    "typescript": "the client for TypeScript: its types are those of the API, and it is run",
    "vectors": "published examples of standards, and deliveries that every client judges alike",
}
"""Folders of tests that mirror no room, and what they are for."""

MODULES = sorted(path for path in APP.rglob("*.py") if path.name != "__init__.py")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def mirrors(path: Path) -> list[Path]:
    """The tests of a file's own name: ``test_y.py``, or ``test_y_….py`` where there is much."""
    folder = path.relative_to(APP).parent
    folders = [TESTS / folder]
    if str(folder) == "api/schemas":
        folders.append(TESTS / "api" / "routes")
    return [
        test
        for each in folders
        for test in (each / f"test_{path.stem}.py", *each.glob(f"test_{path.stem}_*.py"))
        if test.is_file()
    ]


def only_declares(path: Path) -> bool:
    """Whether no function of a file does anything: protocols, constants, values."""
    functions = (
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    )
    return all(
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        for function in functions
        for statement in function.body
    )


def in_whole(path: Path) -> bool:
    return any(path.is_relative_to(APP / package) for package in WHOLE)


def test_a_file_has_its_test_or_says_where_it_is_tested() -> None:
    have_own = {
        name_of(path): bool(mirrors(path)) or in_whole(path) or only_declares(path)
        for path in MODULES
    }
    assert [name for name, own in have_own.items() if not own and name not in ELSEWHERE] == [], (
        "write tests for them"
    )
    assert [name for name, own in have_own.items() if own and name in ELSEWHERE] == [], (
        "take them out of ELSEWHERE: they have their own"
    )


@pytest.mark.parametrize(("file", "test"), ELSEWHERE.items())
def test_what_is_tested_elsewhere_is_named_there(file: str, test: str) -> None:
    """The test imports the module, or its docstring names it."""
    module = file.removesuffix(".py").replace("/", ".")
    package, _, name = module.rpartition(".")
    assert (ROOT / file).is_file()
    text = (ROOT / test).read_text(encoding="utf-8")
    imported = rf"{re.escape(module)}\b|from {re.escape(package)} import .*\b{name}\b"
    assert re.search(imported, text), f"{test} says nothing of {module}"


@pytest.mark.parametrize(("package", "function"), WHOLE.items())
def test_a_package_that_is_tested_as_a_whole_has_tests(package: str, function: str) -> None:
    tests = [path.read_text(encoding="utf-8") for path in (TESTS / package).glob("test_*.py")]
    assert any(re.search(rf"\b{function}\b", text) for text in tests)


def test_every_folder_of_tests_mirrors_a_room_or_says_what_it_is_for() -> None:
    folders = {
        str(path.relative_to(TESTS))
        for path in TESTS.rglob("*")
        if path.is_dir() and path.name != "__pycache__" and any(path.iterdir())
    }
    rooms = {str(path.parent.relative_to(APP)) for path in APP.rglob("*.py")}
    unknown = folders - rooms - set(OTHER_FOLDERS)
    assert not {
        each for each in unknown if not any(each.startswith(f"{one}/") for one in OTHER_FOLDERS)
    }
    assert set(OTHER_FOLDERS) <= folders
