"""The request of an occurrence, made once more for somebody who looks for a fault at its receiver.

Nothing is sent. A signature opens the receiver's door, as a redelivery does, so it is made for who
could have the occurrence redelivered. Secrets are never in it, nor the values of the event's own
headers, but for its content type: that says how values are written into the body.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from app.clock import Clock
from app.crypto.header_secrets import HeaderSecrets
from app.crypto.signing_secrets import SigningSecrets
from app.delivery.actions import KINDS, build
from app.delivery.request import Identity, Job, Request
from app.domain.access import Access
from app.domain.audit import MASK
from app.domain.event import Event
from app.domain.headers import CONTENT_TYPE, Headers
from app.domain.occurrence import Occurrence
from app.errors import Conflict, NotFound
from app.services.occurrences import OccurrenceService
from app.services.tag_secrets import TagSecretService
from app.store.events import EventStore

NOBODYS = "a secret of nobody"
"""What signs where no signature is shown."""

SIGNATURES = {"x-qhronos-signature", "webhook-signature"}

_NAME = re.compile(r"[:;]")


@dataclass(frozen=True, slots=True)
class RequestCopy:
    """A request as it would be sent now. ``made_ms`` is the moment that is signed, ms UTC.

    ``hidden`` are headers of the event whose values only its deliveries know.
    """

    method: str
    url: str
    headers: tuple[str, ...]
    body: bytes
    hidden: tuple[str, ...]
    is_signed: bool
    made_ms: int


@dataclass(frozen=True, slots=True)
class RequestCopyService:
    """Makes them in the name of an ``Access``. ``identity`` asks for who sends, when it is needed.

    It may raise ``StoreUnavailable``.
    """

    occurrences: OccurrenceService
    events: EventStore
    signing: SigningSecrets
    headers: HeaderSecrets
    tag_secrets: TagSecretService
    identity: Callable[[], Identity]
    clock: Clock

    def of(self, occurrence_id: str, access: Access) -> RequestCopy:
        """The last attempt of an occurrence, or its first if there was none.

        Raises ``NotFound``, also if its event is gone, ``Conflict`` for what is no plain request,
        and ``DecryptionFailed``.
        """
        occurrence = self.occurrences.get(occurrence_id, access)
        event = self.events.get_many([occurrence.event_id])[0]
        if event is None or not access.sees(event.tags):
            raise NotFound("Its event is gone, so its request can't be made again.")
        if occurrence.callback_of is not None:
            raise Conflict("It is a callback; only what an event delivers can be copied.")
        is_signed = access.can_write and access.may_change(event.tags)
        now_ms = self.clock.now_ms()
        secrets = self._secrets(event, now_ms) if is_signed else (NOBODYS,)
        headers = self._headers(event)
        request = _build(_job(event, occurrence, secrets, headers), now_ms, self.identity())
        hidden = tuple(name for name, _ in headers if not _is_type(name))
        left_out = {name.lower() for name in hidden} | (set() if is_signed else SIGNATURES)
        return RequestCopy(
            method=request.method,
            url=request.url,
            headers=tuple(
                line
                for line in (*request.headers, *request.own)
                if _NAME.split(line)[0].lower() not in left_out
            ),
            body=request.body,
            hidden=hidden,
            is_signed=is_signed,
            made_ms=now_ms,
        )

    def _headers(self, event: Event) -> Headers:
        """The event's own headers, as the copy may know them."""
        if event.headers is None:
            return ()
        known: Headers = ()
        if any(map(_is_type, event.headers.names)):
            known = self.headers.of(event.id, event.headers.encrypted)
        types = {name: value for name, value in known if _is_type(name)}
        return tuple((name, types.get(name, MASK)) for name in event.headers.names)

    def _secrets(self, event: Event, now_ms: int) -> tuple[str, ...]:
        self.tag_secrets.refresh()  # only processes that deliver keep them up to date
        return self.signing.of(event.id, event.hmac_secret, now_ms, event.tags)


def _is_type(name: str) -> bool:
    return name.lower() == CONTENT_TYPE


def _job(event: Event, occurrence: Occurrence, secrets: tuple[str, ...], headers: Headers) -> Job:
    return Job(
        event_id=event.id,
        occurrence_id=occurrence.id,
        scheduled_ms=occurrence.scheduled_ms,
        attempt=max(occurrence.attempt_count, 1),
        name=event.name,
        description=event.definition.description,
        metadata_json=event.metadata_json,
        tags=event.tags,
        action=event.action,
        secrets=secrets,
        headers=headers,
        format=event.options.format,
    )


def _build(job: Job, now_ms: int, identity: Identity) -> Request:
    made = build(job, now_ms, identity) if job.action.kind in KINDS else None
    if not isinstance(made, Request):
        raise Conflict("Its event sends no HTTP request, so there is nothing to copy.")
    return made
