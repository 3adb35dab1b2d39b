--#include list_inactive
-- end_event(prefix, event, now): makes an active event inactive. That is a new version of it.
local function end_event(prefix, event, now)
  local key = prefix .. 'event:' .. event
  if redis.call('HGET', key, EventField.STATUS) ~= 'active' then return end
  redis.call('HSET', key, EventField.STATUS, 'inactive', EventField.UPDATED, now)
  redis.call('HINCRBY', key, EventField.VERSION, 1)
  redis.call('ZREM', prefix .. 'unscheduled', event)
  list_inactive(prefix, {event}, now)
end
