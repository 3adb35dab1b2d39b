-- Does: moves occurrences that waited for their flow, and were let through by it, to the claimed
--       set under a lease, as claim does. A repeated call with the same token answers the same.
-- KEYS: 1 the flows with waiting occurrences  2 claimed
-- ARGV: 1 prefix  2 now  3 the lease's deadline  4 lease token  5… per flow: its name, when to look
--       at it again, how many, and so many waiting members
-- Returns: a list of rows as of claim. What waits no longer is left out.
--#include leave_due
--#include cancel
--#include overlap
--#include lease
local prefix, now, token = ARGV[1], ARGV[2], ARGV[4]
local take, finish = leases(prefix, now, ARGV[3], token)
local claimed, i = {}, 5
while i <= #ARGV do
  local flow, look, count = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local waiting = prefix .. 'flow:' .. flow
  for j = i + 3, i + 2 + count do
    local id = string.sub(ARGV[j], 17)
    local o = redis.call('HMGET', prefix .. 'occurrence:' .. id, unpack(OCCURRENCE))
    if o[4] == token then
      claimed[#claimed + 1] = take(id, o, true)
    elseif redis.call('ZREM', waiting, ARGV[j]) == 1 and o[1] then
      claimed[#claimed + 1] = take(id, o, false)
    end
  end
  if redis.call('EXISTS', waiting) == 0 then
    redis.call('ZREM', KEYS[1], flow)
  elseif redis.call('ZSCORE', KEYS[1], flow) ~= '0' then
    -- (0: it was woken meanwhile, and is to be looked at whatever was found before.)
    redis.call('ZADD', KEYS[1], look, flow)
  end
  i = i + 3 + count
end
finish()
return claimed
