--#include decide_overlap
--#include leave_next
--#include wait_for_flow
--#include claim_row
-- enter_flow(prefix, occurrence, event, now, batch): has an occurrence that falls due wait for its
-- flow, unless the overlap policy of its event keeps it back. That decides now, and not when the
-- flow lets the occurrence through: so the next one of its series has to fall due in time, too.
-- Returns whether it waits for its flow, and the row of an answer if its successor is to be
-- scheduled.
local function enter_flow(prefix, occurrence, event, now, batch)
  local id, scheduled, decision, row = occurrence.id, occurrence.scheduled, false, nil
  local is_fresh = not occurrence.attempts and not occurrence.redelivery
  if event.overlap and is_fresh then
    local in_series = redis.call('HEXISTS', occurrence.key, OccurrenceField.SERIES) == 1
    local is_next = event.recurring and event.next == scheduled
    if is_next then
      redis.call('HSET', occurrence.key, OccurrenceField.SERIES, 1, OccurrenceField.TAGS,
        occurrence.tags or event.tags or '')
      redis.call('ZADD', event.key .. ':occurrences', scheduled, id)
      leave_next(prefix, occurrence, event, now, batch)
    end
    if is_next or in_series then
      decision = decide_overlap(prefix, event.overlap, occurrence.event, id, scheduled, now)
    end
    if is_next then
      local due = occurrence.next_attempt or scheduled
      row = claim_row(occurrence, event, 1, due, true, decision or 'waits')
    end
  end
  if not decision then
    wait_for_flow(prefix, event.flow, occurrence.event, id, scheduled, occurrence.attempts, now,
      batch.looks)
  end
  return not decision, row
end
