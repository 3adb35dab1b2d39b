--#include claim_row
-- repeat_claim(occurrence, event, overlap): the row that a claim answered before, for who asks
-- again. overlap: 'waits' if it waits for its flow, else false.
local function repeat_claim(occurrence, event, overlap)
  local attempt = tonumber(occurrence.attempts or '1')
  local scheduled, in_series = occurrence.scheduled, false
  if event.recurring and not occurrence.callback then
    in_series = event.next == scheduled
    if not event.next and attempt == 1 then
      -- Its first claim made it the last of its series, and its successor is not scheduled yet.
      local last = redis.call('HGET', event.key, EventField.LAST)
      in_series = last == scheduled
    end
  end
  local due = occurrence.next_attempt or occurrence.planned or scheduled
  return claim_row(occurrence, event, attempt, due, in_series, overlap)
end
