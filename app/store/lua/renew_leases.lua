-- Does: moves the deadline of leases that are still held.
-- KEYS: 1 claimed
-- ARGV: 1 prefix  2 deadline (the new one)  3… per occurrence: id, token (of its lease)
-- Returns: how many were still held.
--#include fresh_lease
--#include read_shorts
local claimed = unpack(KEYS)
local prefix, deadline = unpack(ARGV, 1, 2)
local ids, held, renewed = {}, {}, 0
for i = 3, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then return 0 end
local short_of = read_shorts(prefix, ids)
for i = 3, #ARGV, 2 do
  local id, token = unpack(ARGV, i, i + 1)
  local short, lease = short_of[id], nil
  if short then
    local _, _, its_token = fresh_lease(short)
    lease = its_token
  else
    lease = redis.call('HGET', prefix .. 'occurrence:' .. id, OccurrenceField.LEASE)
  end
  if lease == token then
    held[#held + 1] = deadline; held[#held + 1] = id
    renewed = renewed + 1
  end
end
if renewed > 0 then redis.call('ZADD', claimed, 'XX', unpack(held)) end
return renewed
