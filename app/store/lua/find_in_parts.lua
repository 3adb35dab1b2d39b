-- Does: says which events have an entry in an index in parts.
-- KEYS: 1 index
-- ARGV: 1 beginning (of the entry of each: its id follows)
--       2… per event: id
-- Returns: one number per event: 1 it has, 0 it has not. Changes nothing.
--#include part_of
local index = unpack(KEYS)
local beginning = unpack(ARGV, 1, 1)
local answers = {}
for i = 2, #ARGV do
  local id = ARGV[i]
  local entry = beginning .. id
  answers[#answers + 1] = redis.call('ZSCORE', part_of(index, entry), entry) and 1 or 0
end
return answers
