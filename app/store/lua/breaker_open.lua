-- Does: opens a target's breaker, for twice as long as the last time, or leaves it open.
-- KEYS: 1 open breakers  2 how often in a row each was opened
-- ARGV: 1 target  2 now  3 how long at first, ms  4 how long at most  5 forgotten after, ms
-- Returns: until when the target is left alone, ms. A repeated call changes nothing.
local now = tonumber(ARGV[2])
local stale = string.format('%.0f', now - tonumber(ARGV[5]))
for _, target in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', stale, 'LIMIT', 0, 10)) do
  redis.call('ZREM', KEYS[1], target)
  redis.call('HDEL', KEYS[2], target)
end
local open = redis.call('ZSCORE', KEYS[1], ARGV[1])
if open and tonumber(open) > now then return tonumber(open) end
local step = redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
local till = now + math.min(tonumber(ARGV[3]) * 2 ^ (step - 1), tonumber(ARGV[4]))
redis.call('ZADD', KEYS[1], string.format('%.0f', till), ARGV[1])
return till
