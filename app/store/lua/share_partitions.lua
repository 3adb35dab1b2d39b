-- Does: renews a drain's lease on its share of the partitions, or ends it; forgets drains whose
--       lease has ended. If that changes who is there, all drains are told.
-- KEYS: 1 until_of (drain → when its lease ends)  2 places (drain → 0)
-- ARGV: 1 drain  2 now  3 deadline (of the lease; '' ends it)  4 keep (how long the keys are kept)
-- Returns: the drain's place, from 0 (none if its lease was ended); how many drains there are; when
--          the first lease ends, if any. A repeated call changes nothing.
local until_of, places = unpack(KEYS)
local drain, now, deadline, keep = unpack(ARGV, 1, 4)
local gone = redis.call('ZRANGEBYSCORE', until_of, '-inf', now, 'LIMIT', 0, 100)
local changed = 0
if deadline == '' then
  gone[#gone + 1] = drain
else
  redis.call('ZADD', until_of, deadline, drain)
  local came = redis.call('ZADD', places, 0, drain)
  changed = came
  redis.call('PEXPIRE', until_of, keep)
  redis.call('PEXPIRE', places, keep)
end
for _, other in ipairs(gone) do
  if other ~= drain or deadline == '' then
    redis.call('ZREM', until_of, other)
    local left = redis.call('ZREM', places, other)
    changed = changed + left
  end
end
if changed > 0 then redis.call('PUBLISH', 'qh:wake:shares', drain) end
local first = redis.call('ZRANGE', until_of, 0, 0, 'WITHSCORES')[2]
return {redis.call('ZRANK', places, drain), redis.call('ZCARD', places), first}
