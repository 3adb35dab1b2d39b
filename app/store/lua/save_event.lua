-- Does: creates or replaces one event together with its scheduled occurrence, or changes nothing.
-- KEYS: 1 the event's hash (others share its slot)  2 perhaps: what an idempotency key has made
-- ARGV: 1 prefix  2 event id  3 version expected, 0 to create  4 next expected, '' for none
--       5 request id  6 now  7 created  8 tags, one a line
--       9 'keep' or 'replace' the scheduled occurrence  10 its id, '' for none
--       11 the new one's id, '' for none  12 scheduled  13 due  14 'scheduled' or 'missed'
--       15 message for 'missed'  16 what to keep at the second key  17 for how long, ms
--       18… all fields of the event's hash, name then value
-- Returns: 'saved'; 'gone', 'stale' (another version), 'moved' (another next occurrence) or 'made'
--          (by that key, before), and then nothing has changed. A call repeated with its request id
--          answers 'saved'.
--#include under_tags
--#include schedule
--#include leave_due
--#include unschedule
--#include index_event
--#include list_event
--#include change_flow
--#include note
--#include cancel
local key, once, prefix, id, now, tags = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[6], ARGV[8]
local stored = redis.call('HMGET', key, 'ver', 'next', 'tags', 'req', 'cals', 'last', 'tv', 'fl', 'run',
  'qd', 'rec', 'st')
local version, next_ms, old_tags, request = stored[1], stored[2], stored[3] or '', stored[4]
if request == ARGV[5] then return 'saved' end
if ARGV[3] == '0' then
  if version then return 'stale' end
  if once and not redis.call('SET', once, ARGV[16], 'NX', 'PX', ARGV[17]) then return 'made' end
else
  if not version then return 'gone' end
  if version ~= ARGV[3] then return 'stale' end
  local fixed = ARGV[9] == 'replace' or old_tags ~= tags
  if fixed and (next_ms or '') ~= ARGV[4] then return 'moved' end
end

local keep = ARGV[9] == 'keep'
if version then redis.call('DEL', key) end -- a new one: HSET first, which a full store refuses
redis.call('HSET', key, unpack(ARGV, 18))
redis.call('HSET', key, 'tv', keep and stored[7] or ARGV[5])
if keep and stored[6] then redis.call('HSET', key, 'last', stored[6]) end
if keep and not stored[11] then redis.call('HDEL', key, 'rec') end
if stored[9] then redis.call('HSET', key, 'run', stored[9]) end
if stored[10] then redis.call('HSET', key, 'qd', stored[10]) end
local is = redis.call('HMGET', key, 'cals', 'fl', 'st')
list_event(prefix, id, ARGV[7], stored[12], is[3])
index_event(prefix, id, ARGV[7], {old_tags, stored[5], stored[8]}, {tags, is[1], is[2]})

if keep and next_ms then
  redis.call('HSET', key, 'next', next_ms)
  if stored[8] ~= is[2] then change_flow(prefix, ARGV[10], now) end
  if old_tags ~= tags then
    under_tags(prefix, old_tags, ARGV[10], false)
    under_tags(prefix, tags, ARGV[10], next_ms)
  end
elseif not keep then
  if ARGV[10] ~= '' then unschedule(prefix, ARGV[10], old_tags) end
  cancel_open(prefix, id, 'scheduled', true, 'its event was changed', now)
  redis.call('ZREM', prefix .. 'unscheduled', id)
  if ARGV[11] ~= '' and ARGV[14] == 'scheduled' then
    if schedule(prefix, ARGV[11], id, ARGV[12], ARGV[13], tags) then
      redis.call('HSET', key, 'next', ARGV[12])
    end
  elseif ARGV[11] ~= '' then
    note(prefix, ARGV[11], id, ARGV[12], tags, ARGV[14], ARGV[15], now)
  end
end
local until_ms = redis.call('HGET', key, 'pu')
if until_ms and is[3] == 'paused' then
  redis.call('ZADD', prefix .. 'paused', until_ms, id)
else
  redis.call('ZREM', prefix .. 'paused', id)
end
if is[3] == 'inactive' then
  redis.call('ZADD', prefix .. 'inactive', now, id)
else
  redis.call('ZREM', prefix .. 'inactive', id)
end
return 'saved'
