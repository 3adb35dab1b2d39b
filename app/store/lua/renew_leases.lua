-- Does: moves the deadline of leases that are still held.
-- KEYS: 1 claimed
-- ARGV: 1 prefix  2 deadline (the new one)  3… per occurrence: id, token (of its lease)
-- Returns: how many were still held.
local claimed = unpack(KEYS)
local prefix, deadline = unpack(ARGV, 1, 2)
local renewed = 0
for i = 3, #ARGV, 2 do
  local id, token = unpack(ARGV, i, i + 1)
  if redis.call('HGET', prefix .. 'occurrence:' .. id, OccurrenceField.LEASE) == token then
    redis.call('ZADD', claimed, 'XX', deadline, id)
    renewed = renewed + 1
  end
end
return renewed
