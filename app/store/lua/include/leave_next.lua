-- leave_next(prefix, occurrence, event, now): has an event whose scheduled occurrence is begun wait
-- from now on for the successor.
local function leave_next(prefix, occurrence, event, now)
  redis.call('HDEL', event.key, EventField.NEXT)
  if event.recurring then
    redis.call('HSET', event.key, EventField.LAST, occurrence.scheduled)
    redis.call('ZADD', prefix .. 'unscheduled', now, occurrence.event)
  end
end
