--#include index_occurrence_tags
-- make_way(prefix, occurrence, event): whether an occurrence has no hash, and may get one. A record
-- that it was skipped, made when a calendar said so, gives way.
local function make_way(prefix, occurrence, event)
  local key = prefix .. 'occurrence:' .. occurrence
  if redis.call('EXISTS', key) == 0 then return true end
  local status, old_tags = unpack(redis.call('HMGET', key, OccurrenceField.STATUS,
    OccurrenceField.TAGS))
  if status ~= 'skipped' then return false end
  index_occurrence_tags(prefix, old_tags, occurrence, false)
  redis.call('ZREM', prefix .. 'occurrences:skipped', occurrence)
  redis.call('ZREM', prefix .. 'event:' .. event .. ':occurrences', occurrence)
  redis.call('ZREM', prefix .. 'ended', occurrence)
  redis.call('DEL', key)
  return true
end
