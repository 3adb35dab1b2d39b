--#include index_occurrence_tags
--#include forget_names
-- unlist_ended(prefix, id, event, status, tags): takes an ended occurrence that has a record of its
-- own out of all its indexes but those that retention reads.
local function unlist_ended(prefix, id, event, status, tags)
  redis.call('ZREM', prefix .. 'occurrences:' .. status, id)
  redis.call('ZREM', prefix .. 'event:' .. event .. ':occurrences', id)
  forget_names(prefix, event)
  index_occurrence_tags(prefix, tags, id, false)
end
