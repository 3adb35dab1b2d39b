-- Does: moves occurrences to the lanes of their events from the one sorted set in which an earlier
--       version had all that was due. What waits for an attempt no more is left out.
-- KEYS: 1 old_due
-- ARGV: 1 prefix  2 limit (how many at most)
-- Returns: how many were looked at; fewer than asked for means that none is left. A repeated call
--          goes on with the next.
--#include read_occurrence
--#include add_due
--#include make_due
local old_due = unpack(KEYS)
local prefix, limit = unpack(ARGV, 1, 2)
local rows = redis.call('ZPOPMIN', old_due, limit)
local due = {}
for i = 1, #rows, 2 do
  local id, moment = rows[i], rows[i + 1]
  local occurrence = read_occurrence(prefix, id)
  if occurrence and occurrence.awaits_attempt and not occurrence.flow then
    add_due(due, occurrence.event, id, moment)
  end
end
make_due(prefix, due)
return #rows / 2
