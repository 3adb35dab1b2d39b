--#include index_occurrence_tags
-- unlist_ended(prefix, id, event, status, tags): takes an ended occurrence out of all its indexes
-- but those that retention reads. With an event's last one goes what the event was called.
local function unlist_ended(prefix, id, event, status, tags)
  redis.call('ZREM', prefix .. 'occurrences:' .. status, id)
  local event_key = prefix .. 'event:' .. event
  redis.call('ZREM', event_key .. ':occurrences', id)
  if redis.call('EXISTS', event_key .. ':occurrences') == 0 then
    redis.call('DEL', event_key .. ':names')
  end
  index_occurrence_tags(prefix, tags, id, false)
end
