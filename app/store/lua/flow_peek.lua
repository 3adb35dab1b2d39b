-- Does: finds what waits for flows that are to be looked at, and has others leave these flows alone
--       for a while: who asked sees to them. Flows for which nothing waits are forgotten.
-- KEYS: 1 the flows with waiting occurrences
-- ARGV: 1 prefix  2 now  3 how many flows at most  4 how many occurrences of each
--       5 until when to leave them alone
-- Returns: per flow: [name, member, score, …], first the one that is to go first.
local found = {}
for _, flow in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])) do
  local waiting = redis.call('ZRANGE', ARGV[1] .. 'flow:' .. flow, 0, ARGV[4] - 1, 'WITHSCORES')
  if #waiting == 0 then
    redis.call('ZREM', KEYS[1], flow)
  else
    redis.call('ZADD', KEYS[1], ARGV[5], flow)
    found[#found + 1] = {flow, unpack(waiting)}
  end
end
return found
