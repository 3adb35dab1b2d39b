-- Does: ends a request that has an idempotency key, for who does it: keeps its answer, gives it up
--       to who asks next, or forgets it.
-- KEYS: 1 answer
-- ARGV: 1 by (who does it; 8 bytes)  2 value (instead; '' forgets the request)  3 ttl (ms)
-- Returns: 1, or 0 if the request is not theirs (any more), and then nothing has changed.
local answer = unpack(KEYS)
local by, value, ttl = unpack(ARGV, 1, 3)
local found = redis.call('GET', answer)
if not found or found:sub(1, 1) ~= '?' or found:sub(15, 22) ~= by then return 0 end
if value == '' then
  redis.call('DEL', answer)
else
  redis.call('SET', answer, value, 'PX', ttl)
end
return 1
