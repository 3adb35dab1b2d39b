--#include index_occurrence_tags
--#include make_due
-- schedule_occurrence(prefix, occurrence, event, scheduled, due, tags): adds an occurrence that is
-- to be attempted when it is due. A second call with the same id changes nothing and returns false.
-- A record that it was skipped, made when a calendar said so, gives way.
local function schedule_occurrence(prefix, occurrence, event, scheduled, due, tags)
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
  if due ~= scheduled then
    redis.call('HSET', key, OccurrenceField.PLANNED, due, OccurrenceField.NEXT_ATTEMPT, due)
  end
  redis.call('ZADD', prefix .. 'occurrences:scheduled', scheduled, occurrence)
  index_occurrence_tags(prefix, tags, occurrence, scheduled)
  make_due(prefix .. 'due', {due, occurrence}, due)
  return true
end
