"""``/rq``: RQ's dashboard behind the same tokens, to look at and not to touch."""

from __future__ import annotations

import inspect

import pytest
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from rq_dashboard import web

from app.api.routes import dashboard
from app.api.routes.dashboard import POLICY
from tests.api.application import MASTER_TOKEN, NOBODY_LISTENS, with_token


def fail(reason):
    raise RuntimeError(reason)


class Worker(SimpleWorker):
    """Listens for no commands: to stop listening takes a second."""

    def subscribe(self):
        pass

    def unsubscribe(self):
        pass


@pytest.fixture
def failed_job(redis_client):
    """A job that has run and failed, on the queue "drains"."""
    queue = Queue("drains", connection=redis_client, serializer=JSONSerializer)
    job = queue.enqueue("tests.api.routes.test_dashboard.fail", "because")
    worker = Worker([queue], connection=redis_client, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="CRITICAL")
    assert job.get_status(refresh=True) == "failed"
    return job.id


PAGES = [
    "/rq/",
    "/rq/0/view/workers",
    "/rq/0/view/jobs",
    "/rq/0/view/jobs/drains/failed/8/asc/1",
    "/rq/0/data/queues.json",
    "/rq/0/data/workers.json",
    "/rq/0/data/jobs/drains/failed/8/asc/1.json",
    "/rq/static/js/underscore-umd-min.js",
    "/rq/favicon.ico",
]


@pytest.mark.parametrize("path", PAGES)
def test_who_may_look(app, client, client_with, anonymous, failed_job, path):
    """Admins; a browser is asked for a password."""
    for admin in (client, client_with("admin")):
        assert admin.get(path, buffered=True).status_code == 200
        assert admin.head(path, buffered=True).status_code == 200
    assert client_with("read_write", "a").get(path).status_code == 403
    answer = anonymous.get(path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert "error" in answer.json


def test_the_password_of_a_browser(anonymous, client_with):
    """The token, whatever the user is called; a wrong one is asked for again."""
    admin = client_with("admin").environ_base["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    reader = client_with("read", "a").environ_base["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    for password, status in (
        (MASTER_TOKEN, 200),
        (admin, 200),
        (reader, 403),
        ("x", 401),
        ("", 401),
    ):
        answer = anonymous.get("/rq/0/data/queues.json", auth=("anybody", password))
        assert answer.status_code == status


def test_passwords_open_nothing_else(anonymous):
    """A browser sends them without being asked, so only looking may hang on them."""
    assert anonymous.get("/events", auth=("x", MASTER_TOKEN)).status_code == 401


def test_a_job_is_shown(client, failed_job):
    """Jobs are JSON, not pickles."""
    (job,) = client.get("/rq/0/data/jobs/drains/failed/8/asc/1.json").json["jobs"]
    assert job["id"] == failed_job
    assert client.get(f"/rq/0/view/job/{failed_job}").status_code == 200
    shown = client.get(f"/rq/0/data/job/{failed_job}.json").json
    assert shown["status"] == "failed"
    assert "RuntimeError: because" in shown["exc_info"]


def test_a_busy_worker_is_shown(client, redis_client):
    """What it works on is read as JSON too."""
    queue = Queue("drains", connection=redis_client, serializer=JSONSerializer)
    job = queue.enqueue("tests.api.routes.test_dashboard.fail", "because")
    worker = Worker([queue], connection=redis_client, serializer=JSONSerializer)
    worker.register_birth()
    with redis_client.pipeline() as pipe:
        worker.set_current_job_id(job.id, pipeline=pipe)
        pipe.execute()
    (shown,) = client.get("/rq/0/data/workers.json").json["workers"]
    assert shown["current_job"]["job_id"] == job.id
    worker.register_death()


CHANGES = [
    ("POST", "/rq/job/{job}/delete"),
    ("POST", "/rq/job/{job}/requeue"),
    ("GET", "/rq/requeue/drains"),
    ("POST", "/rq/requeue/drains"),
    ("POST", "/rq/queue/drains/failed/empty"),
    ("POST", "/rq/queue/drains/compact"),
    ("DELETE", "/rq/"),
]


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_nothing_can_be_changed(client, failed_job, redis_client, method, path):
    """Not even by the master token."""
    answer = client.open(path.format(job=failed_job), method=method)
    assert answer.status_code == 405
    assert "error" in answer.json
    queue = Queue("drains", connection=redis_client, serializer=JSONSerializer)
    assert queue.failed_job_registry.get_job_ids() == [failed_job]


UNKNOWN = [
    "/rq/0/view/job/nothing",
    "/rq/0/data/job/nothing.json",
    "/rq/0/data/jobs/drains/nothing/8/asc/1.json",
    "/rq/0/data/jobs/drains/failed/0/asc/1.json",
    "/rq/0/data/jobs/drains/failed/x/asc/1.json",
    "/rq/1/",
    "/rq/1/data/queues.json",
    "/rq/nothing",
]


@pytest.mark.parametrize("path", UNKNOWN)
def test_what_does_not_exist_is_404(client, failed_job, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "error" in answer.json


@pytest.mark.parametrize("path", ["/rq/", "/rq/0/view/workers", "/rq/0/data/queues.json"])
def test_a_broker_that_is_away_is_503(app_with, path):
    """On the page that would hide it, too."""
    answer = with_token(app_with(broker_url=NOBODY_LISTENS), MASTER_TOKEN).get(path)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert "error" in answer.json


def test_pages_run_their_own_scripts_and_reach_nothing(client):
    answer = client.get("/rq/")
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_broker_is_not_shown_with_its_password(app_with):
    """The URL of a broker may hold one."""
    app = app_with(broker_url="redis://user:hunter2@127.0.0.1:1/0")
    client = with_token(app, MASTER_TOKEN)
    assert "hunter2" not in client.get("/rq/").text


def test_no_broker_no_dashboard(app_with):
    """Only tests run without one."""
    client = with_token(app_with(redis_url=""), MASTER_TOKEN)
    assert client.get("/rq/").status_code == 404


ENDPOINTS = {
    "favicon": {"GET"},
    "static": {"GET"},
    "queues_overview": {"GET"},
    "workers_overview": {"GET"},
    "jobs_overview": {"GET"},
    "job_view": {"GET"},
    "list_queues": {"GET"},
    "list_jobs": {"GET"},
    "job_info": {"GET"},
    "list_workers": {"GET"},
    "delete_job_view": {"POST"},
    "requeue_job_view": {"POST"},
    "requeue_all": {"GET", "POST"},
    "empty_queue": {"POST"},
    "compact_queue": {"POST"},
}


def test_the_dashboard_serves_what_was_read_before_it_was_let_in(app):
    """All that may be asked for with ``GET`` but ``requeue_all`` only looks.

    When this fails, read what is new in ``rq_dashboard/web.py``: what changes a queue on a ``GET``
    belongs into ``_CHANGING``.
    """
    served: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        blueprint, _, name = rule.endpoint.partition(".")
        if blueprint == dashboard.NAME:
            served.setdefault(name, set()).update(rule.methods - {"HEAD", "OPTIONS"})
    assert served == ENDPOINTS


def test_the_names_that_are_replaced_in_the_dashboard_are_those_it_uses(app):
    """Else it would read jobs as pickles: see ``web.config`` and ``web.Worker``."""
    used = {name for view in vars(web).values() for name in names_in(view)}
    assert {"config", "serializer", "Worker"} <= used
    assert web.config.serializer is JSONSerializer
    # Everything but ``all`` would be missing in what stands in for the class.
    called = [line for line in inspect.getsource(web).splitlines() if "Worker." in line]
    assert called
    assert all("Worker.all(connection=" in line for line in called)


def names_in(function):
    """The names that a function uses, also beneath what is wrapped around it."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return set() if code is None else {*code.co_names, *names_of_nested(code)}


def names_of_nested(code):
    nested = [one for one in code.co_consts if inspect.iscode(one)]
    return {name for one in nested for name in (*one.co_names, *names_of_nested(one))}
