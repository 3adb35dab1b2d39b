-- Does: takes what was counted in a partition, to roll it up, and forgets what has been rolled up.
-- KEYS: 1 counted  2 taken
-- ARGV: 1 done (the name of what was rolled up last)  2 name (of what is taken now)
-- Returns: fields and counts of what is taken, its name under ''; a repeated call returns the same
--          until that is done. Empty: nothing was counted.
local counted, taken = unpack(KEYS)
local done, name = unpack(ARGV, 1, 2)
if redis.call('HGET', taken, '') == done then redis.call('DEL', taken) end
if redis.call('EXISTS', taken) == 0 then
  if redis.call('EXISTS', counted) == 0 then return {} end
  redis.call('RENAME', counted, taken)
  redis.call('HSET', taken, '', name)
end
return redis.call('HGETALL', taken)
