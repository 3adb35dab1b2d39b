"""Who hears what: listeners that hear the same are a group, for which it is encoded once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from app.domain.access import Access
from app.live.socket import text_frame
from app.store.live import BEGINS, Told


class Hearer(Protocol):
    """Somebody who listens."""

    def write(self, data: bytes) -> None:
        """Send what is encoded already."""
        ...


class Group:
    """Those that listen to the same tags, may read the same, and want it in the same form."""

    def __init__(
        self, access: Access, tags: frozenset[str], encode: Callable[[Told], bytes]
    ) -> None:
        """``tags``: none are all that may be read."""
        self._access = access
        self._tags = tags
        self._encode = encode
        self.members: set[Hearer] = set()
        self.pending: list[bytes] = []

    def hears(self, told: Told) -> bool:
        """Whether its members hear of this."""
        wanted = not self._tags or not self._tags.isdisjoint(told.tags)
        return wanted and self._access.sees(told.tags)

    def add(self, told: Told) -> None:
        """Have its members be sent this with the next ``flush``."""
        self.pending.append(self._encode(told))

    def flush(self) -> None:
        """Send what is pending, in one write each."""
        data = b"".join(self.pending)
        self.pending.clear()
        if data:
            for member in list(self.members):
                member.write(data)


Form = Callable[[Told], bytes]
Key = tuple[bool, frozenset[str], frozenset[str], Form]


class Groups:
    """All groups of a process."""

    def __init__(self) -> None:
        self._groups: dict[Key, Group] = {}
        self._by_tag: dict[str, set[Group]] = {}
        self._of_everything: set[Group] = set()

    def __bool__(self) -> bool:
        """Whether anybody listens."""
        return bool(self._groups)

    def join(self, member: Hearer, access: Access, tags: frozenset[str], form: Form) -> Key:
        """Add a listener; returns what ``leave`` has to be given."""
        key = (access.is_admin, frozenset() if access.is_admin else access.scope, tags, form)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(access, tags, form)
            for tag in self._tags_of(key):
                self._by_tag.setdefault(tag, set()).add(group)
            if not self._tags_of(key):
                self._of_everything.add(group)
        group.members.add(member)
        return key

    def hears(self, key: Key) -> Callable[[Told], bool]:
        """What tells whether the members of a group hear of something."""
        return self._groups[key].hears

    def leave(self, member: Hearer, key: Key) -> None:
        """Remove a listener."""
        group = self._groups.get(key)
        if group is None:
            return
        group.members.discard(member)
        if not group.members:
            del self._groups[key]
            self._of_everything.discard(group)
            for tag in self._tags_of(key):
                self._by_tag[tag].discard(group)
                if not self._by_tag[tag]:
                    del self._by_tag[tag]

    def tell(self, entries: Iterable[Told]) -> None:
        """Send entries to all who hear of them."""
        touched: dict[Group, None] = {}
        for told in entries:
            asked = self._of_everything.union(*(self._by_tag.get(tag, ()) for tag in told.tags))
            for group in asked:
                if group.hears(told):
                    group.add(told)
                    touched[group] = None
        for group in touched:
            group.flush()

    def _tags_of(self, key: Key) -> frozenset[str]:
        """The tags of which one is on all that a group hears; none: it may hear anything."""
        is_admin, scope, tags, _ = key
        return tags or (frozenset() if is_admin else scope)


def event_form(told: Told) -> bytes:
    """What is told, as a websocket's listener is sent it: it hears only of what is delivered."""
    return text_frame(told.message) if told.kind == _DELIVERED else b""


_DELIVERED = BEGINS.encode()
