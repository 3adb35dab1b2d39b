-- Does: puts secrets sealed with a new key in the place of the same ones sealed with an old key.
--       An event's version stays: nothing that a user can see has changed.
-- KEYS: 1 all events of the partition
-- ARGV: 1 prefix  2… per event: its id, the sealed secret as it was read, the new one
-- Returns: how many were replaced. A secret that has changed meanwhile is left as it is, so a
--          repeated call does no harm.
local replaced = 0
for i = 2, #ARGV, 3 do
  local key = ARGV[1] .. 'event:' .. ARGV[i]
  if redis.call('HGET', key, 'sec') == ARGV[i + 1] then
    redis.call('HSET', key, 'sec', ARGV[i + 2])
    replaced = replaced + 1
  end
end
return replaced
