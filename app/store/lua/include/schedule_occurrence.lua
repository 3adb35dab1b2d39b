--#include make_way
--#include is_packed
--#include index_occurrence_tags
--#include add_due
--#include moment_of
-- schedule_occurrence(prefix, occurrence, event, scheduled, due, tags, now, batch): adds an
-- occurrence that is to be attempted when it is due, also to a batch: make_due stores that. A
-- second call with the same id changes nothing and returns false.
local function schedule_occurrence(prefix, occurrence, event, scheduled, due, tags, now, batch)
  local key, is_fresh = prefix .. 'occurrence:' .. occurrence, redis.call('HEXISTS',
    prefix .. 'fresh', occurrence) == 1
  if is_fresh or is_packed(prefix, occurrence, now) then return false end
  if not make_way(prefix, occurrence, event) then return false end
  redis.call('HSET', key, OccurrenceField.EVENT, event, OccurrenceField.SCHEDULED, scheduled)
  -- (Without it, it is as old as its event.)
  if now ~= moment_of(event) then redis.call('HSET', key, OccurrenceField.CHANGED, now) end
  if due ~= scheduled then
    redis.call('HSET', key, OccurrenceField.PLANNED, due, OccurrenceField.NEXT_ATTEMPT, due)
  end
  redis.call('ZADD', prefix .. 'occurrences:scheduled', scheduled, occurrence)
  index_occurrence_tags(prefix, tags, occurrence, scheduled)
  add_due(batch, event, occurrence, due)
  return true
end
