-- Does: counts the entries of indexes between two scores, also those in leaves. It changes nothing.
-- KEYS: 1 slot (one of the indexes)
-- ARGV: 1 low  2 high (these included)  3… per index: key
-- Returns: how many entries each has.
--#include count_index
local low, high = unpack(ARGV, 1, 2)
local counts = {}
for i = 3, #ARGV do
  local key = ARGV[i]
  counts[#counts + 1] = count_index(key, low, high)
end
return counts
