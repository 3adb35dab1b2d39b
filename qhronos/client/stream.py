"""The stream of changes: server-sent events, read line by line.

The format is that of https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from qhronos.models import Change

QUIET_S = 60.0
"""How long the stream may be quiet; the service sends a sign of life more often."""


@dataclass(slots=True)
class ChangeReader:
    """Puts the lines of a stream together into changes."""

    _fields: dict[str, str] = field(default_factory=dict)
    _data: list[str] = field(default_factory=list)

    def feed(self, line: str) -> Change | None:
        """Take a line without its end; answer the change that it ends, if it ends one."""
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                self._data.append(value)
            elif name:
                self._fields[name] = value
            return None
        fields, data = self._fields, self._data
        self._fields, self._data = {}, []
        if not data and "event" not in fields:
            return None
        raw = json.loads("\n".join(data) or "{}")
        return Change(id=fields.get("id", ""), kind=fields.get("event", "message"), raw=raw)
