"""The bodies that the service makes: what is due, and what has ended."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quoted

from app.delivery.request import Job
from app.domain.callback import Callback
from app.domain.ids import to_text
from app.domain.times import to_rfc3339


def occurrence_body(job: Job, webhook_id: str) -> bytes:
    """What a webhook is sent of its occurrence, whose id as text is ``webhook_id``."""
    # Put together as text: metadata keeps every digit and key as the user wrote them.
    return (
        f'{{"event_id":"{to_text(job.event_id)}","occurrence_id":"{webhook_id}",'
        f'"name":{quoted(job.name)},"description":{quoted(job.description)},'
        f'"scheduled_at":"{to_rfc3339(job.scheduled_ms)}","attempt":{job.attempt},'
        f'"metadata":{job.metadata_json},"tags":[{",".join(map(quoted, job.tags))}]}}'
    ).encode()


def occurrence_data(job: Job, webhook_id: str) -> bytes:
    """The same without the attempt's number: it is the same at every attempt."""
    whole = occurrence_body(job, webhook_id)
    # (In the texts that stand before it, quotation marks are escaped.)
    return whole.replace(f'"attempt":{job.attempt},'.encode(), b"", 1)


def callback_body(job: Job, ended: Callback) -> bytes:
    """What is reported of the end of an occurrence."""
    error = "null" if ended.error_message is None else quoted(ended.error_message)
    code = "null" if ended.status_code is None else ended.status_code
    return (
        f'{{"type":"occurrence.{ended.status}","event_id":"{to_text(job.event_id)}",'
        f'"occurrence_id":"{to_text(ended.occurrence_id)}","name":{quoted(job.name)},'
        f'"scheduled_at":"{to_rfc3339(ended.scheduled_ms)}",'
        f'"completed_at":"{to_rfc3339(ended.completed_ms)}","status":"{ended.status}",'
        f'"attempt_count":{ended.attempt_count},"status_code":{code},"error_message":{error},'
        f'"metadata":{job.metadata_json},"tags":[{",".join(map(quoted, job.tags))}],'
        f'"attempt":{job.attempt}}}'
    ).encode()
