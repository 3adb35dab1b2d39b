-- unschedule(prefix, occurrence, tags): takes back a planned occurrence that nobody
-- has claimed. Returns whether there was one.
local function unschedule(prefix, occurrence, tags)
  if redis.call('ZREM', prefix .. 'occurrences:scheduled', occurrence) == 0 then
    return false
  end
  leave_due(prefix, occurrence)
  redis.call('DEL', prefix .. 'occurrence:' .. occurrence)
  under_tags(prefix, tags, occurrence, false)
  return true
end
