--#include leave_next
-- start_first_attempt(prefix, occurrence, event, token, due, is_next, now, batch): writes what the
-- first attempt alone writes. If it is its event's scheduled occurrence (is_next), its event goes
-- on to the successor; what leave_next says of that is returned.
local function start_first_attempt(prefix, occurrence, event, token, due, is_next, now, batch)
  local id, scheduled = occurrence.id, occurrence.scheduled
  -- It may be claimed shortly before it is due; it starts no earlier.
  local started = tonumber(due) > tonumber(now) and due or now
  local fields = {OccurrenceField.STATUS, 'dispatched', OccurrenceField.ATTEMPTS, 1,
    OccurrenceField.LEASE, token, OccurrenceField.STARTED, started, OccurrenceField.CHANGED, now,
    OccurrenceField.TAGS, occurrence.tags or event.tags or ''}
  if is_next then fields[#fields + 1] = OccurrenceField.SERIES; fields[#fields + 1] = 1 end
  redis.call('HSET', occurrence.key, unpack(fields))
  if not occurrence.callback then
    redis.call('ZADD', event.key .. ':occurrences', scheduled, id)
  end
  return is_next and leave_next(prefix, occurrence, event, now, batch)
end
