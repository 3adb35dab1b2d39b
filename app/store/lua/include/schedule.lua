-- schedule(prefix, occurrence, event, scheduled, due, tags): adds one planned occurrence.
-- A second call with the same id changes nothing and returns false; a record that it was to be
-- skipped, made when a calendar said so, gives way.
local function schedule(prefix, occurrence, event, scheduled, due, tags)
  local key = prefix .. 'occurrence:' .. occurrence
  if redis.call('EXISTS', key) == 1 then
    local noted = redis.call('HMGET', key, 'st', 'tags')
    if noted[1] ~= 'skipped' then return false end
    under_tags(prefix, noted[2], occurrence, false)
    redis.call('ZREM', prefix .. 'occurrences:skipped', occurrence)
    redis.call('ZREM', prefix .. 'event:' .. event .. ':occurrences', occurrence)
    redis.call('ZREM', prefix .. 'ended', occurrence)
    redis.call('DEL', key)
  end
  redis.call('HSET', key, 'e', event, 'at', scheduled)
  if due ~= scheduled then redis.call('HSET', key, 'p', due, 'na', due) end
  redis.call('ZADD', prefix .. 'occurrences:scheduled', scheduled, occurrence)
  under_tags(prefix, tags, occurrence, scheduled)
  local head = redis.call('ZRANGE', prefix .. 'due', 0, 0, 'WITHSCORES')[2]
  redis.call('ZADD', prefix .. 'due', due, occurrence)
  if not head or tonumber(due) < tonumber(head) then
    redis.call('PUBLISH', 'qh:wake', due)
  end
  return true
end
