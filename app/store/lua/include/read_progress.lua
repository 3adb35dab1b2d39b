-- read_progress(key): how far an event is, by the key of its hash: the time of its next
-- occurrence, whether its series goes on, its status (false: it is deleted), its version, and what
-- waits for its overlap policy. One that has gone to another partition has a status that is none of
-- those, so what is left of it here goes on.
local function read_progress(key)
  local next_ms, recurring, status, version, queued, moved = unpack(redis.call('HMGET', key,
    EventField.NEXT, EventField.RECURRING, EventField.STATUS, EventField.VERSION,
    EventField.QUEUED, EventField.MOVED))
  return next_ms, recurring, status or moved, version, queued
end
