-- Does: deletes one event; what was scheduled or waits for a retry, or to be
--       acknowledged, ends as cancelled.
-- KEYS: 1 the event's hash
-- ARGV: 1 prefix  2 event id  3 version expected, '' for any  4 next expected, '' for none
--       5 the scheduled occurrence's id  6 now  7 message  8 tags expected, one a line
-- Returns: 'deleted'; 'gone', 'stale' or 'moved' (another next occurrence, or other tags: they say
--          who may delete it), and then nothing has changed. An attempt under way is left to its
--          worker.
--#include leave_due
--#include under_tags
--#include unschedule
--#include note
--#include index_event
--#include list_event
--#include cancel
local key, prefix, id, now = KEYS[1], ARGV[1], ARGV[2], ARGV[6]
local stored = redis.call('HMGET', key, 'ver', 'next', 'tags', 'cals', 'fl', 'st')
local tags = stored[3] or ''
if not stored[1] then return 'gone' end
if ARGV[3] ~= '' and stored[1] ~= ARGV[3] then return 'stale' end
if (stored[2] or '') ~= ARGV[4] or tags ~= ARGV[8] then return 'moved' end

if ARGV[5] ~= '' and unschedule(prefix, ARGV[5], tags) then
  note(prefix, ARGV[5], id, ARGV[4], tags, 'cancelled', ARGV[7], now)
end
cancel_open(prefix, id, 'retrying', false, ARGV[7], now)
cancel_open(prefix, id, 'scheduled', false, ARGV[7], now)
cancel_open(prefix, id, 'dispatched', false, ARGV[7], now)
redis.call('DEL', key)
list_event(prefix, id, '', stored[6], false)
redis.call('ZREM', prefix .. 'inactive', id)
redis.call('ZREM', prefix .. 'unscheduled', id)
redis.call('ZREM', prefix .. 'paused', id)
index_event(prefix, id, '', {tags, stored[4], stored[5]}, {})
if stored[5] then
  -- Others may have waited for one of its occurrences.
  redis.call('ZADD', prefix .. 'flowing', 'XX', 0, stored[5])
  redis.call('PUBLISH', 'qh:wake', now)
end
return 'deleted'
