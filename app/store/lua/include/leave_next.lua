--#include known_successor
--#include lose_next
-- leave_next(prefix, occurrence, event, now, batch): has an event whose scheduled occurrence is
-- begun go on to the successor. If that is known, move_leased schedules it with the others of the
-- batch, and what is returned gets the row of the answer. Else the event waits for it from now on.
local function leave_next(prefix, occurrence, event, now, batch)
  local successor, moment
  if event.recurring then
    successor, moment = known_successor(event, occurrence.scheduled, now)
  end
  if not successor then
    lose_next(event.key, occurrence.event, event.recurring and occurrence.scheduled, now, batch)
    return nil
  end
  local one = {occurrence = successor, event = occurrence.event, key = event.key,
    scheduled = moment, due = moment, tags = event.tags or '', before = occurrence.scheduled}
  batch.following[#batch.following + 1] = one
  return one
end
