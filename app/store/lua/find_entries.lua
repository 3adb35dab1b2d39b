-- Does: looks members up in indexes, also in their leaves. It changes nothing.
-- KEYS: 1 slot (one of the indexes)
-- ARGV: 1 indexes (how many)  2… per value: value (the keys of the indexes, then the members)
-- Returns: per index a text with a digit for each member: 1 if it is there.
--#include in_leaves
local indexes = unpack(ARGV, 1, 1)
local values, members, found = {}, {}, {}
for i = 2, #ARGV do
  local value = ARGV[i]
  values[#values + 1] = value
end
for at = indexes + 1, #values do members[#members + 1] = values[at] end
for at = 1, tonumber(indexes) do
  local packed, digits = in_leaves(values[at], members), {}
  for number, score in ipairs(redis.call('ZMSCORE', values[at], unpack(members))) do
    digits[number] = (score or packed[members[number]]) and '1' or '0'
  end
  found[at] = table.concat(digits)
end
return found
