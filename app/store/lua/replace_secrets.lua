-- Does: replaces secrets that are encrypted with an old key by the same ones encrypted with a new
--       one. An event's version stays: nothing that a user can see has changed.
-- KEYS: 1 slot (any key of the partition)
-- ARGV: 1 prefix  2… per secret: event (its id), field (of its hash), old (as it was read), new
-- Returns: how many were replaced. A secret that has changed meanwhile is left as it is, so a
--          repeated call does no harm.
local prefix = unpack(ARGV, 1, 1)
local replaced = 0
for i = 2, #ARGV, 4 do
  local event, field, old, new = unpack(ARGV, i, i + 3)
  local key = prefix .. 'event:' .. event
  if redis.call('HGET', key, field) == old then
    redis.call('HSET', key, field, new)
    replaced = replaced + 1
  end
end
return replaced
