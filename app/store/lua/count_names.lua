-- Does: counts entries of the index of names.
-- KEYS: 1 slot (any key of the partition)
-- ARGV: 1 prefix  2 first  3 last (between which entries, as ZLEXCOUNT has them)
--       4 limit (of how many parts of the index at most)
-- Returns: how many there are, and 1 if that is all of them. Changes nothing.
--#include names_part
local prefix, first, last, limit = unpack(ARGV, 1, 4)
local part = names_part(prefix, string.sub(first, 2))
local number = redis.call('ZLEXCOUNT', part, first, last)
local bounds = redis.call('ZRANGEBYLEX', prefix .. 'names', '(' .. string.sub(first, 2), last,
  'LIMIT', 0, limit)
for _, bound in ipairs(bounds) do
  number = number + redis.call('ZLEXCOUNT', prefix .. 'names:' .. bound, first, last)
end
return {number, #bounds < tonumber(limit) and 1 or 0}
