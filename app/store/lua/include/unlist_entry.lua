--#include part_of
-- unlist_entry(index, entry): takes an entry out of an index in parts.
local function unlist_entry(index, entry)
  local part, bound = part_of(index, entry)
  redis.call('ZREM', part, entry)
  if bound ~= '' and redis.call('EXISTS', part) == 0 then redis.call('ZREM', index, bound) end
end
