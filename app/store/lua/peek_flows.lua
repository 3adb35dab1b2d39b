-- Does: finds what waits for flows that are to be looked at, and has other drains leave these flows
--       alone for a while. Flows for which nothing waits are removed from the index.
-- KEYS: 1 flowing (the flows with waiting occurrences)
-- ARGV: 1 prefix  2 now  3 limit (how many flows at most)  4 each (how many occurrences of each)
--       5 deadline (until when others leave them alone)
-- Returns: per flow: [name, member, score, …], first the one that is to go first.
local flowing = unpack(KEYS)
local prefix, now, limit, each, deadline = unpack(ARGV, 1, 5)
local found = {}
for _, flow in ipairs(redis.call('ZRANGEBYSCORE', flowing, '-inf', now, 'LIMIT', 0, limit)) do
  local waiting = redis.call('ZRANGE', prefix .. 'flow:' .. flow, 0, each - 1, 'WITHSCORES')
  if #waiting == 0 then
    redis.call('ZREM', flowing, flow)
  else
    redis.call('ZADD', flowing, deadline, flow)
    found[#found + 1] = {flow, unpack(waiting)}
  end
end
return found
