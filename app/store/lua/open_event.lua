-- Does: has an event be in the partition in which it is expected, as it has left the other one.
-- KEYS: 1 key (of its hash)  2 expected
-- ARGV: 1 prefix  2 id
-- Returns: 1; 0 if it is not expected: a repeated call.
--#include unpacked_event
--#include index_occurrence_tags
--#include add_due
--#include make_due
local key, expected = unpack(KEYS)
local prefix, id = unpack(ARGV, 1, 2)
local kept = redis.call('HGET', expected, id)
if not kept then return 0 end
local from, packed = unpack(cmsgpack.unpack(kept), 1, 2)
local source = string.match(from, '^%d+')
local event = unpacked_event(packed)
local one, before = event.occurrence, event.of_field[EventField.CAME_FROM]
redis.call('HSET', key, unpack(event.hash))
redis.call('HSET', key, EventField.CAME_FROM, before and before .. ' ' .. source or source)
if event.paused then redis.call('ZADD', prefix .. 'paused', event.paused, id) end
if one then
  local own, occurrence = nil, prefix .. 'occurrence:' .. one.id
  if one.short then redis.call('HSET', prefix .. 'fresh', one.id, one.short) end
  if one.hash[1] then
    redis.call('HSET', occurrence, unpack(one.hash))
    own = redis.call('HGET', occurrence, OccurrenceField.TAGS)
  end
  redis.call('ZADD', prefix .. 'occurrences:scheduled', one.scheduled, one.id)
  index_occurrence_tags(prefix, own or event.of_field[EventField.TAGS] or '', one.id, one.scheduled)
  if one.listed then redis.call('ZADD', key .. ':occurrences', one.scheduled, one.id) end
  local due = {}
  add_due(due, id, one.id, one.due)
  make_due(prefix, due)
end
redis.call('HDEL', expected, id)
return 1
