-- Does: takes the oldest segment of the audit log away, or puts what is left of it in its place.
-- KEYS: 1 segments  2 head
-- ARGV: 1 oldest (the number of the oldest segment's first entry)
--       2 number (of the first entry that is left)  3 left (a segment; '' for nothing)
-- Returns: 1; 0 if another segment is the oldest, and then nothing has changed.
local segments, head = unpack(KEYS)
local oldest, number, left = unpack(ARGV, 1, 3)
local segment, score = unpack(redis.call('ZRANGE', segments, 0, 0, 'WITHSCORES'))
if not segment or tonumber(score) ~= tonumber(oldest) then return 0 end
redis.call('ZREM', segments, segment)
if left ~= '' then redis.call('ZADD', segments, number, left) end
redis.call('HINCRBY', head, AuditHeadField.BYTES, #left - #segment)
return 1
