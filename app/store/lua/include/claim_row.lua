-- claim_row(occurrence, event, attempt, due, in_series, skipped): one row of a claim's answer;
-- claims.py reads it in this order. in_series: its successor is to be scheduled. skipped: it is not
-- to be sent, as one before it has not ended.
local function claim_row(occurrence, event, attempt, due, in_series, skipped)
  return {occurrence.id, occurrence.event, occurrence.scheduled, attempt, event.definition,
    event.metadata, event.tags, event.secret, in_series and 1 or false, event.plan,
    occurrence.deaths, due, occurrence.deferrals, event.headers, occurrence.redelivery, skipped,
    occurrence.callback, occurrence.planned}
end
