--#include make_queued_due
-- end_if_complete(prefix, key, next_ms, recurring, status, version, queued, now): makes an event of
-- which an occurrence has ended inactive, if it is active and nothing is left to come; what an
-- overlap policy had wait for that end is made due. Returns whether the event has ended.
local function end_if_complete(prefix, key, next_ms, recurring, status, version, queued, now)
  local has_more = next_ms or recurring
  if queued then
    local still_waits = make_queued_due(prefix, key, queued, now)
    has_more = has_more or still_waits
  end
  if status ~= 'active' or has_more then return false end
  redis.call('HSET', key, EventField.STATUS, 'inactive', EventField.UPDATED, now,
    EventField.VERSION, tonumber(version) + 1)
  return true
end
