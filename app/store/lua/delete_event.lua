-- Does: deletes one event; what was scheduled or waits for a retry, or to be
--       acknowledged, ends as cancelled.
-- KEYS: 1 key (the event's hash)
-- ARGV: 1 prefix  2 id  3 expected_version ('' for any)  4 expected_next ('' for none)
--       5 scheduled_id (the scheduled occurrence's, '' for none)  6 now  7 message
--       8 expected_tags (one a line)
--       9 passed (what its series had come to and is not scheduled; see record_passed_over)
--       10 former (what it was called, as it is kept)  11 names_ttl (ms)
-- Returns: 'deleted'; 'gone', 'stale' or 'moved' (another next occurrence, or other tags: they say
--          who may delete it), and then nothing has changed. An attempt under way is left to its
--          worker.
--#include unschedule_occurrence
--#include add_unattempted
--#include record_passed_over
--#include cancel_waiting
--#include index_event
--#include index_event_status
--#include index_name
--#include stored_name
--#include remember_name
local key = unpack(KEYS)
local prefix, id, expected_version, expected_next, scheduled_id, now, message, expected_tags,
  passed, former, names_ttl = unpack(ARGV, 1, 11)
local version, next_ms, stored_tags, calendars, flow, status, own = unpack(redis.call('HMGET', key,
  EventField.VERSION, EventField.NEXT, EventField.TAGS, EventField.CALENDARS, EventField.FLOW,
  EventField.STATUS, EventField.KEY))
local tags = stored_tags or ''
if not version then return 'gone' end
if expected_version ~= '' and version ~= expected_version then return 'stale' end
if (next_ms or '') ~= expected_next or tags ~= expected_tags then return 'moved' end

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
if flow then
  -- Others may have waited for one of its occurrences.
  redis.call('ZADD', prefix .. 'flowing', 'XX', 0, flow)
  redis.call('PUBLISH', 'qh:wake', now)
end
return 'deleted'
