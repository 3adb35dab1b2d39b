--#include index_occurrence_tags
-- retag_occurrence(prefix, occurrence, scheduled, old, new): has the scheduled occurrence of an
-- event go with it, now that the event gets other tags (one a line). If its event had begun it
-- before, or it was added beside the schedule, it has tags of its own.
local function retag_occurrence(prefix, occurrence, scheduled, old, new)
  local key = prefix .. 'occurrence:' .. occurrence
  local own = redis.call('HGET', key, OccurrenceField.TAGS)
  index_occurrence_tags(prefix, own or old, occurrence, false)
  index_occurrence_tags(prefix, new, occurrence, scheduled)
  if own then redis.call('HSET', key, OccurrenceField.TAGS, new) end
end
