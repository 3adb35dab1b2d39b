-- Does: deletes entries of the audit log from before a moment, if no segment has older ones.
-- KEYS: 1 log  2 segments
-- ARGV: 1 before (ms)  2 limit (about how many at most)
-- Returns: how many were deleted.
local log, segments = unpack(KEYS)
local before, limit = unpack(ARGV, 1, 2)
if redis.call('EXISTS', segments) == 1 then return 0 end
-- Whole blocks first, which is cheap however many there are; then what is left of one block.
local deleted = redis.call('XTRIM', log, 'MINID', '~', before, 'LIMIT', limit)
if deleted > 0 then return deleted end
return redis.call('XTRIM', log, 'MINID', before)
