-- find_waiting(prefix, event, status, series_only): returns the occurrences of an event in one
-- status of which no attempt is under way: 'retrying', 'scheduled' (after a claim that was
-- returned, or beside the schedule) or 'dispatched' (those that wait to be acknowledged). With
-- series_only true, only those that its schedule made.
local function find_waiting(prefix, event, status, series_only)
  local found = {}
  local open = redis.call('ZINTER', 2, prefix .. 'event:' .. event .. ':occurrences',
    prefix .. 'occurrences:' .. status)
  for _, occurrence in ipairs(open) do
    local key = prefix .. 'occurrence:' .. occurrence
    local in_series, ack_deadline = unpack(redis.call('HMGET', key, OccurrenceField.SERIES,
      OccurrenceField.ACK_DEADLINE))
    if (in_series or not series_only) and (ack_deadline or status ~= 'dispatched') then
      found[#found + 1] = occurrence
    end
  end
  return found
end
