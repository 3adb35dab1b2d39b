--#include call_batch
-- move_leased(prefix, claimed, batch): moves what lease_occurrence has leased between the indexes.
local function move_leased(prefix, claimed, batch)
  call_batch('HSET', prefix .. 'fresh', batch.fresh)
  call_batch('ZADD', prefix .. 'unscheduled', batch.unscheduled)
  call_batch('ZADD', claimed, batch.claimed)
  call_batch('ZADD', prefix .. 'occurrences:dispatched', batch.dispatched)
  call_batch('ZREM', prefix .. 'occurrences:scheduled', batch.scheduled)
  call_batch('ZREM', prefix .. 'occurrences:retrying', batch.retrying)
end
