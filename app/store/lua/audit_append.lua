-- Does: adds one entry to the audit log if it follows the newest one.
-- KEYS: 1 the log  2 its head  3 the answer to this very request
-- ARGV: 1 the entry's number  2 the hash that it follows  3 the entry  4 its hash  5 now
-- Returns: 'added', or 'moved', the newest number and the newest hash, and then nothing has
--          changed. A call repeated with its request answers 'added'.
if redis.call('EXISTS', KEYS[3]) == 1 then return {'added'} end
local head = redis.call('HMGET', KEYS[2], 'seq', 'hash', 'at')
local seq, hash = head[1] or '0', head[2] or string.rep('0', 64)
if tonumber(ARGV[1]) ~= tonumber(seq) + 1 or ARGV[2] ~= hash then return {'moved', seq, hash} end
-- Ids rise even if clocks disagree.
local at = string.format('%.0f', math.max(tonumber(ARGV[5]), tonumber(head[3] or '0')))
redis.call('XADD', KEYS[1], at .. '-' .. ARGV[1], 'e', ARGV[3], 'p', ARGV[2], 'h', ARGV[4])
redis.call('HSET', KEYS[2], 'seq', ARGV[1], 'hash', ARGV[4], 'at', at)
redis.call('SET', KEYS[3], ARGV[1], 'PX', 600000)
return {'added'}
