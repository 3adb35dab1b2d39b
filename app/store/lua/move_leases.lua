-- Does: moves leases that have expired from where an earlier version had them, so that this version
--       takes over what its dead workers held. Those that are alive look after theirs.
-- KEYS: 1 old_leases  2 leases
-- ARGV: 1 now  2 limit (how many at most)
-- Returns: how many were moved; fewer than asked for means that none is left.
local old_leases, leases = unpack(KEYS)
local now, limit = unpack(ARGV, 1, 2)
local expired = redis.call('ZRANGEBYSCORE', old_leases, '-inf', now, 'LIMIT', 0, limit)
for _, id in ipairs(expired) do
  -- (One that was claimed anew has a lease there.)
  redis.call('ZADD', leases, 'NX', now, id)
  redis.call('ZREM', old_leases, id)
end
return #expired
