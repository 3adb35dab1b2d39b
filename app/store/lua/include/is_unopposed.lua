--#include open_status
-- is_unopposed(prefix, occurrence, event, due): whether the overlap policy of its event is sure to
-- let the next occurrence of the series start when it is due: the one before is over, and none
-- waits. (One that is due later than scheduled may be due after its successor.)
local function is_unopposed(prefix, occurrence, event, due)
  if occurrence.attempts or occurrence.redelivery or event.next ~= due or
    occurrence.scheduled ~= due then return false end
  local running, queued = unpack(redis.call('HMGET', event.key, EventField.RUNNING,
    EventField.QUEUED))
  return not (running and open_status(prefix, running)) and
    not (queued and open_status(prefix, queued))
end
