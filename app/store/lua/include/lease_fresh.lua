--#include claim_row
--#include leave_next
-- lease_fresh(prefix, occurrence, event, token, deadline, now, batch): as lease_occurrence, for one
-- that is stored in short form, the next of an event without a flow and an overlap policy. It stays
-- in that form until the attempt has an outcome; a one-time event need not list it, see
-- sole_occurrences.py.
local function lease_fresh(prefix, occurrence, event, token, deadline, now, batch)
  local id, scheduled = occurrence.id, occurrence.scheduled
  -- It may be claimed shortly before it is due; it starts no earlier.
  local started = tonumber(scheduled) > tonumber(now) and scheduled or now
  local function add(list, first, second)
    list[#list + 1] = first; list[#list + 1] = second
  end
  add(batch.fresh, id, occurrence.event .. now .. ',' .. started .. ',' .. token .. '\n' ..
    (event.tags or ''))
  add(batch.claimed, deadline, id)
  add(batch.dispatched, scheduled, id)
  batch.scheduled[#batch.scheduled + 1] = id
  if event.recurring then redis.call('ZADD', event.key .. ':occurrences', scheduled, id) end
  local known = leave_next(prefix, occurrence, event, now, batch)
  local row = claim_row(occurrence, event, 1, scheduled, event.recurring and not known, false)
  if known then known.row = row end
  return row
end
