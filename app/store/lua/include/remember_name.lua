-- remember_name(prefix, id, former, now, ttl): keeps what an event was called, for a time (ms), if
-- it has recorded occurrences; former is empty if it goes on being called so.
local function remember_name(prefix, id, former, now, ttl)
  local event = prefix .. 'event:' .. id
  local leaves = prefix .. 'leaves:event:' .. id .. ':occurrences'
  if former == '' or redis.call('EXISTS', event .. ':occurrences', leaves) == 0 then return end
  redis.call('ZADD', event .. ':names', now, former)
  redis.call('ZREMRANGEBYRANK', event .. ':names', 0, -17)
  redis.call('PEXPIRE', event .. ':names', ttl)
end
