-- Does: reads what follows a position in indexes, all of them at one moment. It changes nothing.
-- KEYS: 1 slot (one of the indexes)
-- ARGV: 1 order ('newest' or 'oldest' first)  2 bound (the score with which to begin)  3 score
--       4 member (this is the position; '' for none)
--       5 takes_position ('1': what stands at the position is read, too)  6 count (of each index)
--       7… per index: key
-- Returns: per index a list of members and scores, in their order; it may go beyond other bounds.
--#include read_index
local order, bound, score, member, takes_position, count = unpack(ARGV, 1, 6)
local newest = order == 'newest'
local found = {}
for i = 7, #ARGV do
  local key = ARGV[i]
  found[#found + 1] = read_index(key, newest, bound, score, member, takes_position == '1',
    tonumber(count))
end
return found
