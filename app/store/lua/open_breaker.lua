-- Does: opens a target's circuit breaker, for twice as long as the last time, or leaves it open.
-- KEYS: 1 open (the open breakers)  2 steps (how often in a row each was opened)
-- ARGV: 1 target  2 now  3 shortest (how long at first, ms)  4 longest (how long at most, ms)
--       5 forget_after (ms)
-- Returns: until when it is open, ms. A repeated call changes nothing.
local open, steps = unpack(KEYS)
local target, now, shortest, longest, forget_after = unpack(ARGV, 1, 5)
now = tonumber(now)
local stale = string.format('%.0f', now - tonumber(forget_after))
for _, forgotten in ipairs(redis.call('ZRANGEBYSCORE', open, '-inf', stale, 'LIMIT', 0, 10)) do
  redis.call('ZREM', open, forgotten)
  redis.call('HDEL', steps, forgotten)
end
local open_until = redis.call('ZSCORE', open, target)
if open_until and tonumber(open_until) > now then return tonumber(open_until) end
local step = redis.call('HINCRBY', steps, target, 1)
local new_until = now + math.min(tonumber(shortest) * 2 ^ (step - 1), tonumber(longest))
redis.call('ZADD', open, string.format('%.0f', new_until), target)
return new_until
