-- cancel_open(prefix, event, status, series, message, now): ends occurrences of an event that are
-- 'retrying', or 'scheduled' again after a claim or beside the schedule. With series true, only
-- those that its schedule made.
local function cancel_open(prefix, event, status, series, message, now)
  local waiting = redis.call('ZINTER', 2, prefix .. 'event:' .. event .. ':occurrences',
    prefix .. 'occurrences:' .. status)
  for _, occurrence in ipairs(waiting) do
    local key = prefix .. 'occurrence:' .. occurrence
    if not series or redis.call('HEXISTS', key, 'sr') == 1 then
      leave_due(prefix, occurrence)
      redis.call('ZREM', prefix .. 'occurrences:' .. status, occurrence)
      redis.call('ZADD', prefix .. 'occurrences:cancelled', redis.call('HGET', key, 'at'),
        occurrence)
      redis.call('ZADD', prefix .. 'ended', now, occurrence)
      redis.call('HSET', key, 'st', 'cancelled', 'err', message, 'ch', now, 'c', now)
      redis.call('HDEL', key, 'na', 'w')
    end
  end
end
