-- Does: puts occurrences that lost their place back: planned ones among the due, claimed ones
--       among the claimed, with a lease that has ended, and those that wait to be acknowledged or
--       for their flow.
-- KEYS: 1 due  2 claimed  3 unacknowledged
-- ARGV: 1 prefix  2 now  3… occurrence ids
-- Returns: how many had lost their place; a repeated call finds none.
local restored = 0
for i = 3, #ARGV do
  local id = ARGV[i]
  local o = redis.call('HMGET', ARGV[1] .. 'occurrence:' .. id, 'e', 'st', 'at', 'na', 'ack', 'w')
  local status = o[2] or 'scheduled'
  if o[6] then
    restored = restored + redis.call('ZADD', ARGV[1] .. 'flow:' .. o[6], 'NX', o[3], o[1] .. id)
    redis.call('ZADD', ARGV[1] .. 'flowing', 'NX', ARGV[2], o[6])
  elseif o[1] and (status == 'scheduled' or status == 'retrying') then
    restored = restored + redis.call('ZADD', KEYS[1], 'NX', o[4] or o[3], id)
  elseif o[5] then
    restored = restored + redis.call('ZADD', KEYS[3], 'NX', o[5], id)
  elseif status == 'dispatched' then
    restored = restored + redis.call('ZADD', KEYS[2], 'NX', ARGV[2], id)
  end
end
if restored > 0 then redis.call('PUBLISH', 'qh:wake', ARGV[2]) end
return restored
