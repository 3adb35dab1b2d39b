-- claim_row(occurrence, event, attempt, due, in_series, overlap): one row of a claim's answer;
-- claims.py reads it in this order. in_series: its successor is to be scheduled. overlap: 'skipped'
-- or 'waits' if it is not to be sent, as one before it has not ended or as its flow has not let it
-- through ('cancelled', the sixteenth: as one after it has cancelled it).
local function claim_row(occurrence, event, attempt, due, in_series, overlap)
  return {occurrence.id, occurrence.event, occurrence.scheduled, attempt, event.definition,
    event.metadata, event.tags, event.secret, in_series and 1 or false, event.plan,
    occurrence.deaths, due, occurrence.deferrals, event.headers, occurrence.redelivery, overlap,
    occurrence.callback, occurrence.planned, occurrence.origin}
end
