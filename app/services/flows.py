"""Flows: read, change, pause, resume. The first event that names a flow creates it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.clock import Clock
from app.domain.access import Access
from app.domain.event import Event
from app.domain.flow import FlowLimits, check_key, flow_name, parse_limits, space_of
from app.errors import Conflict, InvalidInput, NotFound
from app.services.queries import Page
from app.store.calls import BATCH
from app.store.flow_gate import FlowGate
from app.store.flows import FlowStore, StoredFlow, all_of, given_by_event

MAX_OF_SCOPE = 10_000
MAX_IN_ALL = 1_000_000
"""How many flows there may be for one more to be made by hand. (Those of events are as many as
these.)"""


@dataclass(frozen=True, slots=True)
class FlowService:
    """The use cases around flows. A token sees those of its own scope; an admin sees all.

    ``space`` says whose flow is meant, where an admin may choose; ``None`` is the caller's own.
    """

    store: FlowStore
    gate: FlowGate
    clock: Clock
    keep_ms: int

    def join(self, event: Event, before: Event | None = None) -> None:
        """Create the flow of an event, or update it with the limits that the event gives."""
        flow = event.options.flow
        if flow is None:
            return
        name = flow.name(event.action.target)
        if before is not None and (known := before.options.flow):
            same = known.name(before.action.target) == name
            if same and known.limits == flow.limits:
                return
        now_ms = self.clock.now_ms()
        self.store.set(name, given_by_event(flow.limits), now_ms, by_user=False)
        if before is not None:
            self.gate.wake([name.encode()], now_ms)

    def join_new(self, events: Iterable[Event]) -> None:
        """Create the flows of new events, or update them, in one round trip."""
        given: dict[tuple[str, FlowLimits], None] = {}
        for event in events:
            if (flow := event.options.flow) is not None:
                given[flow.name(event.action.target), flow.limits] = None
        changes = [(name, given_by_event(limits)) for name, limits in given]
        self.store.set_by_events(changes, self.clock.now_ms())

    def list(self, access: Access, limit: int, cursor: str | None) -> Page[StoredFlow]:
        """List flows by name; those of other scopes are absent and not counted.

        A cursor is the last name before. Raises ``InvalidInput`` for one of another scope.
        """
        space = None if access.is_admin else space_of(access)
        if cursor is not None and space is not None and not cursor.startswith(f"{space}/"):
            raise InvalidInput.field("cursor", "use the cursor of the list's own Link header")
        names = self.store.names(space, cursor, limit + 1)
        flows = self.store.get_many(names[:limit], self.clock.now_ms())
        following = names[limit - 1] if len(names) > limit else None
        found = tuple(flow for flow in flows if flow is not None)
        return Page(found, self.store.count(space), following)

    def get(self, key: str, access: Access, space: str | None) -> StoredFlow:
        """Read one; raises ``NotFound``."""
        flow = self.store.get_many([self._named(key, access, space)], self.clock.now_ms())[0]
        if flow is None:
            raise NotFound("No flow has this key.")
        return flow

    def change(
        self, key: str, given: Mapping[str, Any], access: Access, space: str | None
    ) -> tuple[StoredFlow, bool]:
        """Set limits, ``None`` clears one; events do not change this flow's limits any more.

        Makes the flow if there is none; also returns whether it did. Raises ``InvalidInput``, and
        ``Conflict`` if there are too many.
        """
        name = self._named(key, access, space)
        now_ms = self.clock.now_ms()
        before = self.store.get_many([name], now_ms)[0]
        if before is None:
            check_key(key)
            self._require_room(name.partition("/")[0])
        merged = {**({} if before is None else _as_given(before)), **given}
        if merged.get("rate") is None and "burst" not in given:
            merged.pop("burst", None)
        self.store.set(name, all_of(parse_limits(merged)), now_ms, by_user=True)
        self.gate.wake([name.encode()], now_ms)
        return self.get(key, access, space), before is None

    def pause(self, key: str, access: Access, space: str | None) -> StoredFlow:
        """Pause a flow: nothing more of it is started, requests in flight are finished.

        Raises ``NotFound``.
        """
        return self._pause(key, access, space, paused=True)

    def resume(self, key: str, access: Access, space: str | None) -> StoredFlow:
        """Resume a flow; raises ``NotFound``."""
        return self._pause(key, access, space, paused=False)

    def forget_unused(self, now_ms: int, limit: int = BATCH) -> int:
        """Delete flows without events that were not used for long; see the store."""
        return self.store.forget_unused(now_ms - self.keep_ms, now_ms, limit)

    def _pause(self, key: str, access: Access, space: str | None, *, paused: bool) -> StoredFlow:
        flow = self.get(key, access, space)
        self.store.pause(flow.name, paused=paused)
        self.gate.wake([flow.name.encode()], self.clock.now_ms())
        return self.get(key, access, space)

    def _require_room(self, space: str) -> None:
        for where, most in ((space, MAX_OF_SCOPE), (None, MAX_IN_ALL)):
            if self.store.count(where) >= most:
                whose = "in all" if where is None else "of this scope"
                raise Conflict(
                    f"There are {most} flows {whose}; use one of them. Those that nobody uses go "
                    "by themselves."
                )

    def _named(self, key: str, access: Access, space: str | None) -> str:
        if space is None or not access.is_admin:
            space = space_of(access)
        return flow_name(space, key)


def _as_given(flow: StoredFlow) -> dict[str, Any]:
    limits = flow.limits
    return {
        "rate": limits.rate.text if limits.rate else None,
        "burst": limits.burst if limits.burst > 1 else None,
        "concurrency": limits.concurrency,
        "order": "strict" if limits.strict else "any",
    }
