-- note(prefix, occurrence, event, scheduled, tags, status, message, now): records an occurrence
-- that ends without ever being attempted. A second call with the same id changes nothing.
local function note(prefix, occurrence, event, scheduled, tags, status, message, now)
  local key = prefix .. 'occurrence:' .. occurrence
  if redis.call('EXISTS', key) == 1 then
    return false
  end
  redis.call('HSET', key, 'e', event, 'at', scheduled, 'st', status, 'tags', tags,
    'err', message, 'ch', now, 'c', now)
  redis.call('ZADD', prefix .. 'occurrences:' .. status, scheduled, occurrence)
  redis.call('ZADD', prefix .. 'event:' .. event .. ':occurrences', scheduled, occurrence)
  under_tags(prefix, tags, occurrence, scheduled)
  redis.call('ZADD', prefix .. 'ended', now, occurrence)
  return true
end
