-- Does: adds occurrences to an event beside its schedule, to be attempted when they say.
-- KEYS: 1 key (the event's hash)
-- ARGV: 1 prefix  2 event (its id)  3 tags (that it must have, one a line)  4 now
--       5 origin (of the request that asks for them, '' for none)
--       6… per occurrence: id, scheduled, due
-- Returns: how many were new; -1 if the event is gone, -2 if it has other tags: they say who may do
--          this. A repeated call adds nothing.
--#include schedule_occurrence
--#include make_due
local key = unpack(KEYS)
local prefix, event, tags, now, origin = unpack(ARGV, 1, 5)
local version, stored_tags = unpack(redis.call('HMGET', key, EventField.VERSION, EventField.TAGS))
if not version then return -1 end
if (stored_tags or '') ~= tags then return -2 end
local added, batch = 0, {}
for i = 6, #ARGV, 3 do
  local id, scheduled, due = unpack(ARGV, i, i + 2)
  local is_new = schedule_occurrence(prefix, id, event, scheduled, due, tags, now, batch)
  if is_new then
    -- A later change of the event's tags moves only the scheduled one's at once; see
    -- take_event_tags for the others.
    local occurrence = prefix .. 'occurrence:' .. id
    redis.call('HSET', occurrence, OccurrenceField.TAGS, tags)
    if origin ~= '' then redis.call('HSET', occurrence, OccurrenceField.ORIGIN, origin) end
    redis.call('ZADD', prefix .. 'event:' .. event .. ':occurrences', scheduled, id)
    added = added + 1
  end
end
make_due(prefix, batch)
return added
