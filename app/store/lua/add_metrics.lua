-- Does: adds what a process has counted to what all have, once.
-- KEYS: 1 totals  2 last (the number of the process's last addition)
-- ARGV: 1 number (of this addition; each is one higher)  2 kept (ms for which the last is known)
--       3… per count: field, by
-- Returns: 1, or 0 if this addition was made before: nothing has changed.
local totals, last = unpack(KEYS)
local number, kept = unpack(ARGV, 1, 2)
if tonumber(redis.call('GET', last) or '0') >= tonumber(number) then return 0 end
redis.call('SET', last, number, 'PX', kept)
for i = 3, #ARGV, 2 do
  local field, by = unpack(ARGV, i, i + 1)
  redis.call('HINCRBY', totals, field, by)
end
return 1
