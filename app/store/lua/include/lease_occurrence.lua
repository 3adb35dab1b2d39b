--#include take_event_tags
--#include start_first_attempt
--#include apply_overlap_policy
--#include claim_row
-- lease_occurrence(prefix, occurrence, event, token, deadline, now, batch): begins an attempt under
-- a lease and returns the row of the answer. What to move between the indexes is added to the
-- batch: move_leased does so for all at once. One of the batch that it cancels is not to be sent:
-- its row says so.
local function lease_occurrence(prefix, occurrence, event, token, deadline, now, batch)
  local id, key, scheduled = occurrence.id, occurrence.key, occurrence.scheduled
  local attempt = tonumber(occurrence.attempts or '0') + 1
  local is_fresh = attempt == 1 and not occurrence.redelivery
  local is_next = event.next == scheduled and not occurrence.callback
  local due, known = occurrence.next_attempt or scheduled, nil
  local overlap, cancelled = false, nil
  take_event_tags(prefix, occurrence, event)
  if attempt == 1 then
    known = start_first_attempt(prefix, occurrence, event, token, due, is_next, now, batch)
  else
    redis.call('HSET', key, OccurrenceField.STATUS, 'dispatched', OccurrenceField.ATTEMPTS, attempt,
      OccurrenceField.LEASE, token, OccurrenceField.CHANGED, now)
  end
  if occurrence.next_attempt or occurrence.flow then
    redis.call('HDEL', key, OccurrenceField.NEXT_ATTEMPT, OccurrenceField.FLOW)
  end
  if event.overlap and not occurrence.callback then
    overlap, cancelled = apply_overlap_policy(prefix, event.overlap, occurrence.event, id,
      scheduled, is_fresh, deadline, now)
  else
    local left = is_fresh and batch.scheduled or batch.retrying
    left[#left + 1] = id
    local claimed, dispatched = batch.claimed, batch.dispatched
    claimed[#claimed + 1] = deadline; claimed[#claimed + 1] = id
    dispatched[#dispatched + 1] = scheduled; dispatched[#dispatched + 1] = id
  end
  local in_series = event.recurring and is_next and not known
  local row = claim_row(occurrence, event, attempt, due, in_series, overlap)
  if known then known.row = row end
  if event.overlap then batch.rows[id] = row end
  if cancelled and batch.rows[cancelled] then batch.rows[cancelled][16] = 'cancelled' end
  return row
end
