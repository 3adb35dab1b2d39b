-- Does: lists the lanes in which something is due where this version looks for them, and takes them
--       out of where an earlier version did: so its workers claim nothing any more.
-- KEYS: 1 old_lanes
-- ARGV: 1 prefix
-- Returns: how many lanes were moved. A repeated call moves what was added since.
--#include list_lane
local old_lanes = unpack(KEYS)
local prefix = unpack(ARGV, 1, 1)
local moved = redis.call('ZRANGE', old_lanes, 0, -1, 'WITHSCORES')
for i = 1, #moved, 2 do list_lane(prefix, moved[i]) end
if #moved > 0 then
  redis.call('DEL', old_lanes)
  redis.call('PUBLISH', 'qh:wake', prefix .. moved[2])
end
return #moved / 2
