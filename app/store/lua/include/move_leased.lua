--#include call_batch
--#include follow_known
--#include write_due
-- move_leased(prefix, claimed, batch, now): moves what lease_occurrence has leased between the
-- indexes, and schedules the successors that are known. Nobody need be woken for these: whoever
-- sleeps knows of those before.
local function move_leased(prefix, claimed, batch, now)
  follow_known(prefix, batch, now)
  write_due(prefix, batch.due)
  call_batch('HSET', prefix .. 'fresh', batch.fresh)
  call_batch('ZADD', prefix .. 'unscheduled', batch.unscheduled)
  call_batch('ZADD', claimed, batch.claimed)
  call_batch('ZADD', prefix .. 'occurrences:dispatched', batch.dispatched)
  call_batch('ZREM', prefix .. 'occurrences:scheduled', batch.scheduled)
  call_batch('ZREM', prefix .. 'occurrences:retrying', batch.retrying)
end
