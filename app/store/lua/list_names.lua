-- Does: puts events into the index of names, by the names that they have now. One that is gone is
--       left out; a repeated call changes nothing.
-- KEYS: 1 slot (any key of the partition)
-- ARGV: 1 prefix  2… per event: id
-- Returns: how many there are.
--#include index_name
--#include stored_name
local prefix = unpack(ARGV, 1, 1)
local listed = 0
for i = 2, #ARGV do
  local id = ARGV[i]
  local name = stored_name(prefix .. 'event:' .. id)
  if name then
    index_name(prefix, id, false, name)
    listed = listed + 1
  end
end
return listed
