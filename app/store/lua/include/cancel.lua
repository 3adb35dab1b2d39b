-- cancel_one(prefix, occurrence, status, message, now): ends an occurrence that is not over. The
-- outcome of an attempt that is under way will not count: nobody holds it any more.
local function cancel_one(prefix, occurrence, status, message, now)
  local key = prefix .. 'occurrence:' .. occurrence
  leave_due(prefix, occurrence)
  redis.call('ZREM', prefix .. 'claimed', occurrence)
  redis.call('ZREM', prefix .. 'unacknowledged', occurrence)
  redis.call('ZREM', prefix .. 'occurrences:' .. status, occurrence)
  redis.call('ZADD', prefix .. 'occurrences:cancelled', redis.call('HGET', key, 'at'), occurrence)
  redis.call('ZADD', prefix .. 'ended', now, occurrence)
  redis.call('HSET', key, 'st', 'cancelled', 'l', '', 'err', message, 'ch', now, 'c', now)
  redis.call('HDEL', key, 'na', 'ack', 'w')
end

-- cancel_open(prefix, event, status, series, message, now): ends occurrences of an event that are
-- 'retrying', 'scheduled' again after a claim or beside the schedule, or 'dispatched' and waiting to
-- be acknowledged: an attempt under way is left to its worker. With series true, only those that
-- its schedule made.
local function cancel_open(prefix, event, status, series, message, now)
  local waiting = redis.call('ZINTER', 2, prefix .. 'event:' .. event .. ':occurrences',
    prefix .. 'occurrences:' .. status)
  for _, occurrence in ipairs(waiting) do
    local o = redis.call('HMGET', prefix .. 'occurrence:' .. occurrence, 'sr', 'ack')
    if (o[1] or not series) and (o[2] or status ~= 'dispatched') then
      cancel_one(prefix, occurrence, status, message, now)
    end
  end
end
