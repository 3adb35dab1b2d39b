-- Does: moves the deadline of leases that are still held.
-- KEYS: 1 claimed
-- ARGV: 1 prefix  2 new deadline  3… per occurrence: id, lease token
-- Returns: how many were still held.
local held = 0
for i = 3, #ARGV, 2 do
  if redis.call('HGET', ARGV[1] .. 'occurrence:' .. ARGV[i], 'l') == ARGV[i + 1] then
    redis.call('ZADD', KEYS[1], 'XX', ARGV[2], ARGV[i])
    held = held + 1
  end
end
return held
