--#include index_occurrence_tags
--#include count_stats
--#include is_packed
-- add_unattempted(prefix, occurrence, event, scheduled, tags, status, message, now): adds an
-- occurrence that has ended without an attempt. A second call with the same id changes nothing and
-- returns false.
local function add_unattempted(prefix, occurrence, event, scheduled, tags, status, message, now)
  local key, fresh = prefix .. 'occurrence:' .. occurrence, prefix .. 'fresh'
  if redis.call('EXISTS', key) == 1 then return false end
  if redis.call('HEXISTS', fresh, occurrence) == 1 then return false end
  if is_packed(prefix, occurrence, now) then return false end
  redis.call('HSET', key, OccurrenceField.EVENT, event, OccurrenceField.SCHEDULED, scheduled,
    OccurrenceField.STATUS, status, OccurrenceField.TAGS, tags, OccurrenceField.ERROR, message,
    OccurrenceField.CHANGED, now, OccurrenceField.COMPLETED, now)
  redis.call('ZADD', prefix .. 'occurrences:' .. status, scheduled, occurrence)
  redis.call('ZADD', prefix .. 'event:' .. event .. ':occurrences', scheduled, occurrence)
  index_occurrence_tags(prefix, tags, occurrence, scheduled)
  redis.call('ZADD', prefix .. 'ended', now, occurrence)
  count_stats(prefix, now, {[tags .. '\t\t---' .. status] = 1})
  return true
end
