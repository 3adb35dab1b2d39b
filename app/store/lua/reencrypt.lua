-- Does: puts secrets sealed with a new key in the place of the same ones sealed with an old key.
--       An event's version stays: nothing that a user can see has changed.
-- KEYS: 1 the active events of the partition, for their slot
-- ARGV: 1 prefix  2… per secret: its event's id, the field of the event's hash that holds it, the
--       sealed secret as it was read, the new one
-- Returns: how many were replaced. A secret that has changed meanwhile is left as it is, so a
--          repeated call does no harm.
local replaced = 0
for i = 2, #ARGV, 4 do
  local key, field = ARGV[1] .. 'event:' .. ARGV[i], ARGV[i + 1]
  if redis.call('HGET', key, field) == ARGV[i + 2] then
    redis.call('HSET', key, field, ARGV[i + 3])
    replaced = replaced + 1
  end
end
return replaced
