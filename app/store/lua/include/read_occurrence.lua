--#include read_short
-- read_occurrence(prefix, id): what a claim needs of an occurrence, by name; nil if there is none.
-- awaits_attempt: it says itself, as it is now, that it may be claimed.
local function read_occurrence(prefix, id)
  local key = prefix .. 'occurrence:' .. id
  local event, scheduled, status, attempts, lease, deaths, next_attempt, tags, deferrals, flow,
    redelivery, callback, planned, origin = unpack(redis.call('HMGET', key,
    OccurrenceField.EVENT, OccurrenceField.SCHEDULED, OccurrenceField.STATUS,
    OccurrenceField.ATTEMPTS, OccurrenceField.LEASE, OccurrenceField.DEATHS,
    OccurrenceField.NEXT_ATTEMPT, OccurrenceField.TAGS, OccurrenceField.DEFERRALS,
    OccurrenceField.FLOW, OccurrenceField.REDELIVERY, OccurrenceField.CALLBACK,
    OccurrenceField.PLANNED, OccurrenceField.ORIGIN))
  if not event then
    local short = redis.call('HGET', prefix .. 'fresh', id)
    return short and read_short(prefix, id, short) or nil
  end
  local awaits_attempt = not status or status == 'scheduled' or status == 'retrying'
  return {key = key, id = id, event = event, scheduled = scheduled,
    awaits_attempt = awaits_attempt, attempts = attempts, lease = lease, deaths = deaths,
    next_attempt = next_attempt, tags = tags, deferrals = deferrals, flow = flow,
    redelivery = redelivery, callback = callback, planned = planned, origin = origin}
end
