-- Does: records occurrences that end without an attempt: missed, skipped.
-- KEYS: 1 slot (any key of the partition)
-- ARGV: 1 prefix  2 now
--       3… per occurrence: id, event, scheduled, tags (one a line), status, message
-- Returns: how many were new; a repeated call adds nothing.
--#include add_unattempted
local prefix, now = unpack(ARGV, 1, 2)
local added = 0
for i = 3, #ARGV, 6 do
  local id, event, scheduled, tags, status, message = unpack(ARGV, i, i + 5)
  local is_new = add_unattempted(prefix, id, event, scheduled, tags, status, message, now)
  if is_new then added = added + 1 end
end
return added
