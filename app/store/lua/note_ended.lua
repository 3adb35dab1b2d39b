-- Does: records occurrences that end without an attempt: missed, skipped.
-- KEYS: 1 the ended set
-- ARGV: 1 prefix  2 now  3… per occurrence: id, event id, scheduled, tags (one a line), status,
--       message
-- Returns: how many were new; a repeated call adds nothing.
--#include under_tags
--#include note
local added = 0
for i = 3, #ARGV, 6 do
  if note(ARGV[1], ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5],
    ARGV[2]) then
    added = added + 1
  end
end
return added
