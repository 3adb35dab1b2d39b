-- Does: deletes occurrences that ended before a moment, with all their index entries.
--       With an event's last one goes what the event was called.
-- KEYS: 1 ended
-- ARGV: 1 prefix  2 before (the moment)  3 limit (how many at most)
-- Returns: how many were deleted; fewer than asked for means that none is left.
--#include index_occurrence_tags
local ended = unpack(KEYS)
local prefix, before, limit = unpack(ARGV, 1, 3)
local ids = redis.call('ZRANGEBYSCORE', ended, '-inf', '(' .. before, 'LIMIT', 0, limit)
for _, id in ipairs(ids) do
  local key = prefix .. 'occurrence:' .. id
  local event, status, tags = unpack(redis.call('HMGET', key, OccurrenceField.EVENT,
    OccurrenceField.STATUS, OccurrenceField.TAGS))
  if event then
    redis.call('ZREM', prefix .. 'occurrences:' .. status, id)
    local event_key = prefix .. 'event:' .. event
    redis.call('ZREM', event_key .. ':occurrences', id)
    if redis.call('EXISTS', event_key .. ':occurrences') == 0 then
      redis.call('DEL', event_key .. ':names')
    end
    index_occurrence_tags(prefix, tags or '', id, false)
    redis.call('DEL', key)
  end
  redis.call('ZREM', ended, id)
end
return #ids
