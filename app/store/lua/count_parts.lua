-- Does: counts entries of an index in parts.
-- KEYS: 1 index
-- ARGV: 1 first  2 last (between which entries, as ZLEXCOUNT has them)
--       3 limit (of how many parts at most)
-- Returns: how many there are; 1 if that is all of them; and about how many there are in all, by
--          the number of parts. Changes nothing.
--#include part_of
local index = unpack(KEYS)
local first, last, limit = unpack(ARGV, 1, 3)
limit = tonumber(limit)
local part = part_of(index, string.sub(first, 2))
local number, after = redis.call('ZLEXCOUNT', part, first, last), '(' .. string.sub(first, 2)
local bounds = redis.call('ZRANGEBYLEX', index, after, last, 'LIMIT', 0, limit)
for _, bound in ipairs(bounds) do
  number = number + redis.call('ZLEXCOUNT', index .. ':' .. bound, first, last)
end
if #bounds < limit then return {number, 1, number} end
local parts = redis.call('ZLEXCOUNT', index, after, last)
return {number, parts == limit and 1 or 0, math.floor(number / limit * parts)}
