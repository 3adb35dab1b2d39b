--#include index_occurrence_tags
--#include add_due
--#include created_of
-- schedule_occurrence(prefix, occurrence, event, scheduled, due, tags, now, batch): adds an
-- occurrence that is to be attempted when it is due, also to a batch: make_due stores that. A
-- second call with the same id changes nothing and returns false. A record that it was skipped,
-- made when a calendar said so, gives way.
local function schedule_occurrence(prefix, occurrence, event, scheduled, due, tags, now, batch)
  local key = prefix .. 'occurrence:' .. occurrence
  if redis.call('EXISTS', key) == 1 then
    local status, old_tags = unpack(redis.call('HMGET', key, OccurrenceField.STATUS,
      OccurrenceField.TAGS))
    if status ~= 'skipped' then return false end
    index_occurrence_tags(prefix, old_tags, occurrence, false)
    redis.call('ZREM', prefix .. 'occurrences:skipped', occurrence)
    redis.call('ZREM', prefix .. 'event:' .. event .. ':occurrences', occurrence)
    redis.call('ZREM', prefix .. 'ended', occurrence)
    redis.call('DEL', key)
  end
  redis.call('HSET', key, OccurrenceField.EVENT, event, OccurrenceField.SCHEDULED, scheduled)
  -- (Without it, it is as old as its event.)
  if now ~= created_of(event) then redis.call('HSET', key, OccurrenceField.CHANGED, now) end
  if due ~= scheduled then
    redis.call('HSET', key, OccurrenceField.PLANNED, due, OccurrenceField.NEXT_ATTEMPT, due)
  end
  redis.call('ZADD', prefix .. 'occurrences:scheduled', scheduled, occurrence)
  index_occurrence_tags(prefix, tags, occurrence, scheduled)
  add_due(batch, event, occurrence, due)
  return true
end
