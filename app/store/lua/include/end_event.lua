-- end_event(prefix, event, now): makes an active event inactive. That is a new version of it.
local function end_event(prefix, event, now)
  local key = prefix .. 'event:' .. event
  if redis.call('HGET', key, 'st') ~= 'active' then return end
  redis.call('HSET', key, 'st', 'inactive', 'up', now)
  redis.call('HINCRBY', key, 'ver', 1)
  redis.call('ZREM', prefix .. 'unscheduled', event)
  list_ended(prefix, {event}, now)
end
