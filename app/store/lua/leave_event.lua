-- Does: takes an event out of its partition, for the one in which it is expected. What has ended of
--       it stays, and so does where it is now.
-- KEYS: 1 key (of its hash)  2 mover
-- ARGV: 1 prefix  2 id  3 occurrence (its scheduled one's, '' for none)  4 packed (as it was read)
--       5 terms (all that it has)  6 target (the other partition)  7 token (of the mover)
-- Returns: 'left', also if it had left for there; 'fenced' (another mover is at work), 'changed' or
--          another word, see moving_event, and then nothing has changed.
--#include moving_event
--#include packed_event
--#include unpacked_event
--#include list_moving
--#include leave_due
--#include index_occurrence_tags
local key, mover = unpack(KEYS)
local prefix, id, occurrence, packed, terms, target, token = unpack(ARGV, 1, 7)
if redis.call('HGET', key, EventField.MOVED) == target then return 'left' end
if redis.call('GET', mover) ~= token then return 'fenced' end
local event, why = moving_event(prefix, id, occurrence)
if not event then return why end
if packed_event(event) ~= packed then return 'changed' end
event = unpacked_event(packed)
-- This needs memory: so a store that is full refuses it, before anything is changed.
redis.call('HSET', key, EventField.MOVED, target)
list_moving(prefix, id, event, terms, false)
redis.call('ZREM', prefix .. 'paused', id)
local one = event.occurrence
if one then
  leave_due(prefix, one.id)
  redis.call('ZREM', prefix .. 'occurrences:scheduled', one.id)
  redis.call('ZREM', key .. ':occurrences', one.id)
  local own = redis.call('HGET', prefix .. 'occurrence:' .. one.id, OccurrenceField.TAGS)
  index_occurrence_tags(prefix, own or event.of_field[EventField.TAGS] or '', one.id, false)
  redis.call('DEL', prefix .. 'occurrence:' .. one.id)
  redis.call('HDEL', prefix .. 'fresh', one.id)
end
redis.call('DEL', key)
redis.call('HSET', key, EventField.MOVED, target)
return 'left'
