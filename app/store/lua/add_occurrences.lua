-- Does: adds occurrences to an event beside its schedule, to be attempted when they say.
-- KEYS: 1 the event's hash
-- ARGV: 1 prefix  2 event id  3 tags expected, one a line  4… per occurrence: id, scheduled, due
-- Returns: how many were new; -1 if the event is gone, -2 if it has other tags: they say who may do
--          this. A repeated call adds nothing.
--#include under_tags
--#include schedule
local stored, tags = redis.call('HMGET', KEYS[1], 'ver', 'tags'), ARGV[3]
if not stored[1] then return -1 end
if (stored[2] or '') ~= tags then return -2 end
local added = 0
for i = 4, #ARGV, 3 do
  if schedule(ARGV[1], ARGV[i], ARGV[2], ARGV[i + 1], ARGV[i + 2], tags) then
    -- These tags stay its own: a later change of the event's moves only the scheduled one's.
    redis.call('HSET', ARGV[1] .. 'occurrence:' .. ARGV[i], 'tags', tags)
    redis.call('ZADD', ARGV[1] .. 'event:' .. ARGV[2] .. ':occurrences', ARGV[i + 1], ARGV[i])
    added = added + 1
  end
end
return added
