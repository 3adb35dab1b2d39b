--#include call_batch
-- leave_claimed(prefix, claimed, ids, by_status): removes occurrences from the claimed and moves
-- them to the indexes of their new statuses. by_status: scores and members for each status.
local function leave_claimed(prefix, claimed, ids, by_status)
  call_batch('ZREM', claimed, ids)
  call_batch('ZREM', prefix .. 'occurrences:dispatched', ids)
  for status, entries in pairs(by_status) do
    call_batch('ZADD', prefix .. 'occurrences:' .. status, entries)
  end
end
