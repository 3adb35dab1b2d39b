--#include leave_due
--#include index_occurrence_tags
-- unschedule_occurrence(prefix, occurrence, tags): deletes an occurrence that nobody has claimed.
-- Returns whether there was one.
local function unschedule_occurrence(prefix, occurrence, tags)
  local removed = redis.call('ZREM', prefix .. 'occurrences:scheduled', occurrence)
  if removed == 0 then return false end
  leave_due(prefix, occurrence)
  redis.call('DEL', prefix .. 'occurrence:' .. occurrence)
  redis.call('HDEL', prefix .. 'fresh', occurrence)
  index_occurrence_tags(prefix, tags, occurrence, false)
  return true
end
