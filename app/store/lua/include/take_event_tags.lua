--#include index_occurrence_tags
-- take_event_tags(prefix, occurrence, event): has an occurrence go with its event, if that got
-- other tags since. What comes of its next attempt is for those who may see the event now.
local function take_event_tags(prefix, occurrence, event)
  local before, tags = occurrence.tags, event.tags or ''
  if not before or before == tags or not event.definition then return end
  index_occurrence_tags(prefix, before, occurrence.id, false)
  index_occurrence_tags(prefix, tags, occurrence.id, occurrence.scheduled)
  redis.call('HSET', occurrence.key, OccurrenceField.TAGS, tags)
  occurrence.tags = tags
end
