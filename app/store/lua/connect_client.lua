-- Does: adds a connection of a client, or renews it; not more of one scope than may be.
-- KEYS: 1 turns  2 scopes  3 waiting
-- ARGV: 1 connection  2 scope (the tags that its token may change)  3 keep (ms)
--       4 most (connections of this scope; 0: any number)
-- Returns: 1, or 0 if there are as many already: then nothing has changed.
local turns, scopes, waiting = unpack(KEYS)
local connection, scope, keep, most = unpack(ARGV, 1, 4)
local left = tonumber(most)
if left > 0 and redis.call('HEXISTS', scopes, connection) == 0 then
  for _, other in ipairs(redis.call('HVALS', scopes)) do
    if other == scope then left = left - 1 end
  end
  if left <= 0 then return 0 end
end
redis.call('ZADD', turns, 'NX', 0, connection)
redis.call('HSET', scopes, connection, scope)
redis.call('PEXPIRE', turns, keep)
redis.call('PEXPIRE', scopes, keep)
redis.call('PEXPIRE', waiting, keep)
return 1
