-- Does: moves the oldest entries of the audit log into a segment, if they still are the oldest.
-- KEYS: 1 log  2 segments  3 head
-- ARGV: 1 first (the oldest entry's id)  2 rest (the id from which on entries stay)
--       3 number (of the oldest entry)  4 segment
-- Returns: how many were moved; 0 if another entry is the oldest, and then nothing has changed.
local log, segments, head = unpack(KEYS)
local first, rest, number, segment = unpack(ARGV, 1, 4)
local oldest = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
if not oldest or oldest[1] ~= first then return 0 end
redis.call('ZADD', segments, number, segment)
redis.call('HINCRBY', head, AuditHeadField.BYTES, #segment)
return redis.call('XTRIM', log, 'MINID', rest)
