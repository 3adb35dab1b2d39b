"""Every call of the API has its command, or a reason why it has none."""

from __future__ import annotations

import click

from qhronos.cli.root import root
from tests.docs.test_tables import CALLS, calls

COMMANDS = {
    "GET /status": "status",
    "POST /events": "events create",
    "POST /events/batch": "import jsonl",
    "POST /events/bulk": "bulk delete",
    "GET /bulk-jobs": "jobs list",
    "GET /bulk-jobs/{id}": "jobs show",
    "POST /bulk-jobs/{id}/cancel": "jobs cancel",
    "GET /events": "events list",
    "GET /events/{id}": "events show",
    "PUT /events/{id}": "events edit",
    "DELETE /events/{id}": "events delete",
    "GET /events/by-key/{key}": "events show",
    "PUT /events/by-key/{key}": "import crontab",
    "GET /events/{id}/preview": "events preview",
    "POST /events/{id}/trigger": "events trigger",
    "POST /events/{id}/pause": "events pause",
    "POST /events/{id}/resume": "events resume",
    "POST /events/{id}/backfill": "events backfill",
    "POST /events/{id}/rotate-secret": "events rotate-secret",
    "POST /events/rotate-secret": "events rotate-secret",
    "GET /forecast": "forecast",
    "GET /stats": "stats",
    "GET /slos": "slo list",
    "GET /slos/{tag}": "slo show",
    "PUT /slos/{tag}": "slo set",
    "DELETE /slos/{tag}": "slo delete",
    "POST /preview": "explain",
    "GET /events/stream": "occurrences tail",
    "GET /occurrences": "occurrences list",
    "GET /occurrences/{id}": "occurrences show",
    "GET /occurrences/{id}/attempts": "occurrences show",
    "POST /occurrences/{id}/retry": "occurrences redeliver",
    "POST /occurrences/retry": "deadletters redeliver",
    "POST /imports": "import ics",
    "GET /imports": "jobs list",
    "GET /imports/{id}": "jobs show",
    "GET /imports/{id}/entries": "jobs entries",
    "POST /imports/{id}/cancel": "jobs cancel",
    "GET /retries": "jobs list",
    "GET /retries/{id}": "jobs show",
    "POST /retries/{id}/cancel": "jobs cancel",
    "GET /flows": "flows list",
    "GET /flows/{key}": "flows show",
    "PUT /flows/{key}": "flows set",
    "POST /flows/{key}/pause": "flows pause",
    "POST /flows/{key}/resume": "flows resume",
    "GET /breakers": "doctor",
    "GET /calendars": "calendars list",
    "GET /calendars/{name}": "calendars show",
    "PUT /calendars/{name}": "calendars set",
    "DELETE /calendars/{name}": "calendars delete",
    "GET /signing-secrets": "secrets list",
    "PUT /signing-secrets/{tag}": "secrets set",
    "DELETE /signing-secrets/{tag}": "secrets delete",
    "POST /tokens": "tokens create",
    "GET /tokens": "tokens list",
    "DELETE /tokens/{jti}": "tokens revoke",
    "DELETE /tokens": "tokens revoke",
    "POST /alerts": "alerts create",
    "GET /alerts": "alerts list",
    "GET /alerts/{id}": "alerts show",
    "PUT /alerts/{id}": "alerts set",
    "DELETE /alerts/{id}": "alerts delete",
    "POST /alerts/{id}/test": "alerts test",
    "GET /audit": "audit list",
    "GET /audit/export": "audit export",
}

NONE = {
    "GET /health": "It is for load balancers; 'qhronos status' says more.",
    "GET /.well-known/webhook-keys": "Receivers read it, by their own programs.",
    "GET /openapi.json": "It is for programs that make clients.",
    "GET /openapi-3.0.json": "It is for programs that make clients.",
    "GET /docs": "It is read in a browser.",
    "GET /docs/{file}": "It is read in a browser.",
    "GET /docs/guide": "It is read in a browser.",
    "GET /docs/guide/{page}": "It is read in a browser.",
    "PATCH /events/{id}": "It is another name of PUT.",
    "DELETE /events/by-key/{key}": "'qhronos events delete KEY' asks by the event's name before.",
    "GET /events/{id}/occurrences": "'qhronos occurrences list --event' asks GET /occurrences.",
    "POST /occurrences/{id}/ack": "A receiver has the token for it, and no user.",
    "POST /occurrences/{id}/nack": "A receiver has the token for it, and no user.",
    "GET /badge/{tag}.svg": "Pages show it: 'qhronos tokens create --badge'.",
    "GET /calendar.ics": "Calendar programs subscribe to it: 'qhronos tokens create --feed'.",
    "GET /metrics": "Prometheus reads it.",
}


def test_every_call_has_its_command_or_a_reason() -> None:
    listed = {call for cells in CALLS.rows("call") for call in calls(cells[0])}
    assert not COMMANDS.keys() & NONE.keys()
    assert COMMANDS.keys() | NONE.keys() == listed


def test_the_commands_are_there() -> None:
    for words in {*COMMANDS.values()}:
        command: click.Command | None = root
        for word in words.split():
            assert isinstance(command, click.Group), words
            command = command.get_command(click.Context(command), word)
        assert command is not None, words
