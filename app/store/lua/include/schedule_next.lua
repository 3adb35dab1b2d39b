--#include schedule_occurrence
--#include fresh_lease
--#include make_way
--#include index_occurrence_tags
--#include add_due
--#include moment_of
-- schedule_next(prefix, occurrence, event, scheduled, due, tags, bound, now, batch): as
-- schedule_occurrence, for the one that is to be its event's next: it is stored in short form, if
-- that says it all. bound: the event has a flow or an overlap policy, which will add to it.
local function schedule_next(prefix, occurrence, event, scheduled, due, tags, bound, now, batch)
  if bound or due ~= scheduled or moment_of(occurrence) ~= scheduled then
    return schedule_occurrence(prefix, occurrence, event, scheduled, due, tags, now, batch)
  end
  if not make_way(prefix, occurrence, event) then return false end
  local short = event .. (now ~= moment_of(event) and now or '')
  local fresh, listed = prefix .. 'fresh', prefix .. 'occurrences:scheduled'
  if redis.call('HSETNX', fresh, occurrence, short) == 0 then
    local before = redis.call('HGET', fresh, occurrence)
    if fresh_lease(before) or redis.call('ZSCORE', listed, occurrence) then return false end
    -- (An earlier version, which knows no short forms, has taken it away.)
    redis.call('HSET', fresh, occurrence, short)
  end
  redis.call('ZADD', listed, scheduled, occurrence)
  index_occurrence_tags(prefix, tags, occurrence, scheduled)
  add_due(batch, event, occurrence, due)
  return true
end
