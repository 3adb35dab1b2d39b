"""Scripts on a cluster whose slots are moved key by key: they run whole, or not at all.

While a slot is moved so, its node serves the keys that are still there, and refuses all others,
also those that are nowhere. A script makes most of its keys itself, so it would be cut off in its
middle. Therefore each asks first for a key that never is: where that is refused, nothing has been
done, and it is to be sent again when the slot has moved. Where the keys go to, it must not run
either: it would take what has yet to come for gone. (Servers that move a slot as a whole spare the
wait.)
"""

from __future__ import annotations

_GUARD = """
do
  local place = KEYS[1]
  if place and string.find(place, '{', 1, true) then
    local answer = redis.pcall('EXISTS', place .. ':moving')
    if type(answer) == 'table' and answer.err and string.find(answer.err, 'non local', 1, true) then
      return redis.error_reply('TRYAGAIN the slot is being moved')
    end
  end
end
"""
"""(A key without a hash tag is the only one of its script, and judged before that runs.)"""


def guarded(source: str) -> str:
    """The text of a script for a cluster."""
    return _GUARD + source
