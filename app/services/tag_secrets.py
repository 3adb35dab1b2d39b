"""Signing secrets of tags: what signs for events that have none of their own.

Each process that delivers keeps them all, encrypted, and looks once a second whether one has
changed: no delivery waits for that. One with nothing to deliver does not look.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.clock import Clock
from app.crypto.signing_secrets import SigningSecrets
from app.errors import Conflict, NotFound, ShardUnavailable, StoreUnavailable
from app.services.event_writes import WRITE_TRIES
from app.services.secret_rotation import Rotation
from app.store.tag_secrets import TagSecret, TagSecretStore, owner_of_tag

MAX_TAGS = 1_000
"""How many tags may have a secret: every process that delivers keeps all of them."""

LOOK_S = 1.0
"""How often a process looks whether one has changed."""

_CHANGING = "The secret of this tag is being changed all the time; try again."


@dataclass(frozen=True, slots=True)
class TagSecretView:
    """A tag that has a secret, and since when, ms UTC; never the secret."""

    tag: str
    updated_ms: int


@dataclass(frozen=True, slots=True)
class TagRotated:
    """What was written: ``made`` is the secret if it was made here, ``until_ms`` is UTC."""

    view: TagSecretView
    is_new: bool
    made: str | None
    until_ms: int


@dataclass(slots=True)
class TagSecretService:
    """The use cases of admins, and what keeps a process up to date.

    Every call raises ``StoreUnavailable``.
    """

    store: TagSecretStore
    signing: SigningSecrets
    clock: Clock
    _version: int = field(default=-1, init=False)

    def put(self, tag: str, rotation: Rotation) -> TagRotated:
        """Give a tag a secret; what signed before (the service's, the first time) signs beside it.

        Raises ``Conflict`` if there are too many, or if it is being changed all the time.
        """
        made = self.signing.new(None) if rotation.secret is None else None
        secret = rotation.secret or made or ""
        for _ in range(WRITE_TRIES):
            now_ms = self.clock.now_ms()
            before, until_ms = self.store.get(tag), now_ms + rotation.overlap_ms
            if before is None and self.store.count() >= MAX_TAGS:
                raise Conflict(f"{MAX_TAGS} tags have a secret; delete one that is not needed.")
            stored = None if before is None else before.encrypted
            sealed = self.signing.rotated(owner_of_tag(tag), stored, secret, until_ms, now_ms)
            if self.store.replace(tag, before, TagSecret(sealed, now_ms)):
                return TagRotated(TagSecretView(tag, now_ms), before is None, made, until_ms)
        raise Conflict(_CHANGING)

    def delete(self, tag: str) -> None:
        """Take a tag's secret away: the service's signs from now on. Raises ``NotFound``."""
        for _ in range(WRITE_TRIES):
            before = self.store.get(tag)
            if before is None:
                raise NotFound("This tag has no signing secret.")
            if self.store.replace(tag, before, None):
                return
        raise Conflict(_CHANGING)

    def list(self) -> Sequence[TagSecretView]:
        """The tags that have one, by name."""
        return [TagSecretView(tag, one.updated_ms) for tag, one in self.store.all().items()]

    def refresh(self) -> None:
        """Learn what has changed, for the deliveries of this process."""
        # The version is read before the secrets: a newer one is then read again.
        try:
            version = self.store.version()
        except ShardUnavailable:
            if not self.is_known:
                raise
            return  # with what is known, other shards' deliveries go on
        if version != self._version:
            found = self.store.all()
            self.signing.know_tags({tag: one.encrypted for tag, one in found.items()})
            self._version = version

    @property
    def is_known(self) -> bool:
        """Whether this process has learnt them."""
        return self._version >= 0

    def refresh_until(
        self, stop: threading.Event, is_needed: Callable[[], bool] = lambda: True
    ) -> None:
        """Do so again and again until told to stop; what is known holds while the store is away.

        ``is_needed``: whether anything is delivered. Who begins to deliver refreshes first.
        """
        while not stop.wait(LOOK_S):
            if not is_needed():
                continue
            with contextlib.suppress(StoreUnavailable):  # whoever needs the store warns of it
                self.refresh()
