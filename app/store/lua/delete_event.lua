-- Does: deletes one event; what was scheduled or waits for a retry, or to be
--       acknowledged, ends as cancelled.
-- KEYS: 1 key (the event's hash)
-- ARGV: 1 prefix  2 id  3 read_version (its version as it was read)  4 expected_next ('' for none)
--       5 scheduled_id (the scheduled occurrence's, '' for none)  6 now  7 message
--       8 expected_tags (one a line)
--       9 passed (what its series had come to and is not scheduled; see record_passed_over)
--       10 former (what it was called, as it is kept)  11 names_ttl (ms)
--       12 hosts (the terms of those that it has; see index_terms)
--       13 any_version ('1': any may be deleted, once it was read)
--       14 sole (its one occurrence, see list_sole; '' for none)
-- Returns: 'deleted'; 'gone', 'stale' or 'moved' (another next occurrence, other tags, which say
--          who may delete it, or another version, if any may be deleted), and then nothing has
--          changed. An attempt under way is left to its worker.
--#include list_sole
--#include unschedule_occurrence
--#include add_unattempted
--#include record_passed_over
--#include cancel_waiting
--#include index_event
--#include index_event_status
--#include index_name
--#include index_terms
--#include stored_name
--#include remember_name
local key = unpack(KEYS)
local prefix, id, read_version, expected_next, scheduled_id, now, message, expected_tags,
  passed, former, names_ttl, hosts, any_version, sole = unpack(ARGV, 1, 14)
local version, next_ms, stored_tags, calendars, flow, status, own, kept, came_from = unpack(
  redis.call('HMGET', key, EventField.VERSION, EventField.NEXT, EventField.TAGS,
  EventField.CALENDARS, EventField.FLOW, EventField.STATUS, EventField.KEY, EventField.TERMS,
  EventField.CAME_FROM))
local tags = stored_tags or ''
if not version then return 'gone' end
if version ~= read_version then return any_version == '1' and 'moved' or 'stale' end
if (next_ms or '') ~= expected_next or tags ~= expected_tags then return 'moved' end

list_sole(prefix, id, sole, now)
if scheduled_id ~= '' then
  local was_scheduled = unschedule_occurrence(prefix, scheduled_id, tags)
  if was_scheduled then
    add_unattempted(prefix, scheduled_id, id, expected_next, tags, 'cancelled', message, now)
  end
end
record_passed_over(prefix, id, passed, tags, message, now)
for _, open_status in ipairs({'retrying', 'scheduled', 'dispatched'}) do
  cancel_waiting(prefix, id, open_status, message, now)
end
local name = stored_name(key)
if came_from then redis.call('HSET', prefix .. 'left', id, came_from) end
redis.call('DEL', key)
if own and redis.call('GET', prefix .. 'key:' .. own) == id then
  redis.call('DEL', prefix .. 'key:' .. own)
end
remember_name(prefix, id, former, now, names_ttl)
index_event_status(prefix, id, '', status, false)
redis.call('ZREM', prefix .. 'inactive', id)
redis.call('ZREM', prefix .. 'unscheduled', id)
redis.call('ZREM', prefix .. 'paused', id)
index_event(prefix, id, '', {tags, calendars, flow}, {})
index_name(prefix, id, name, false)
index_terms(prefix, id, hosts .. (kept or ''), '')
if flow then
  -- Others may have waited for one of its occurrences.
  redis.call('ZADD', prefix .. 'flowing', 'XX', 0, flow)
  redis.call('PUBLISH', 'qh:wake', prefix .. now)
end
return 'deleted'
