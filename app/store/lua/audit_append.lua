-- Does: adds entries to the audit log if they follow the newest one.
-- KEYS: 1 the log  2 its head  3 the answer to this very request
-- ARGV: 1 the first entry's number  2 the hash that it follows  3 now  4… per entry: the entry,
--       its hash
-- Returns: 'added', or 'moved', the newest number and the newest hash, and then nothing has
--          changed. A call repeated with its request answers 'added'.
if redis.call('EXISTS', KEYS[3]) == 1 then return {'added'} end
local head = redis.call('HMGET', KEYS[2], 'seq', 'hash', 'at')
local seq, hash = head[1] or '0', head[2] or string.rep('0', 64)
if tonumber(ARGV[1]) ~= tonumber(seq) + 1 or ARGV[2] ~= hash then return {'moved', seq, hash} end
-- Ids rise even if clocks disagree.
local at = string.format('%.0f', math.max(tonumber(ARGV[3]), tonumber(head[3] or '0')))
local number = tonumber(ARGV[1])
for i = 4, #ARGV, 2 do
  redis.call('XADD', KEYS[1], at .. '-' .. string.format('%.0f', number),
    'e', ARGV[i], 'p', hash, 'h', ARGV[i + 1])
  hash, number = ARGV[i + 1], number + 1
end
redis.call('HSET', KEYS[2], 'seq', string.format('%.0f', number - 1), 'hash', hash, 'at', at)
redis.call('SET', KEYS[3], '1', 'PX', 60000)
return {'added'}
