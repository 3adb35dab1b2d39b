--#include leave_due
--#include index_occurrence_tags
-- unschedule_occurrence(prefix, occurrence, tags): deletes an occurrence that nobody has claimed;
-- tags are its event's, in case it has none of its own. Returns whether there was one.
local function unschedule_occurrence(prefix, occurrence, tags)
  local removed = redis.call('ZREM', prefix .. 'occurrences:scheduled', occurrence)
  if removed == 0 then return false end
  leave_due(prefix, occurrence)
  local key = prefix .. 'occurrence:' .. occurrence
  local own = redis.call('HGET', key, OccurrenceField.TAGS)
  redis.call('DEL', key)
  redis.call('HDEL', prefix .. 'fresh', occurrence)
  index_occurrence_tags(prefix, own or tags, occurrence, false)
  return true
end
