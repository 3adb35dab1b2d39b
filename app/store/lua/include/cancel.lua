-- cancel_retries(prefix, event, message, now): ends the event's occurrences that wait for a retry.
local function cancel_retries(prefix, event, message, now)
  local waiting = redis.call('ZINTER', 2, prefix .. 'event:' .. event .. ':occurrences',
    prefix .. 'occurrences:retrying')
  for _, occurrence in ipairs(waiting) do
    local key = prefix .. 'occurrence:' .. occurrence
    redis.call('ZREM', prefix .. 'due', occurrence)
    redis.call('ZREM', prefix .. 'occurrences:retrying', occurrence)
    redis.call('ZADD', prefix .. 'occurrences:cancelled', redis.call('HGET', key, 'at'), occurrence)
    redis.call('ZADD', prefix .. 'ended', now, occurrence)
    redis.call('HSET', key, 'st', 'cancelled', 'err', message, 'ch', now, 'c', now)
    redis.call('HDEL', key, 'na')
  end
end
