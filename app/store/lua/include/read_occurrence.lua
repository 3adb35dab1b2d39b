-- read_occurrence(prefix, id): what a claim needs of an occurrence, by name; nil if there is none.
local function read_occurrence(prefix, id)
  local key = prefix .. 'occurrence:' .. id
  local event, scheduled, attempts, lease, deaths, next_attempt, tags, deferrals, flow, redelivery,
    callback, planned = unpack(redis.call('HMGET', key,
    OccurrenceField.EVENT, OccurrenceField.SCHEDULED, OccurrenceField.ATTEMPTS,
    OccurrenceField.LEASE, OccurrenceField.DEATHS, OccurrenceField.NEXT_ATTEMPT,
    OccurrenceField.TAGS, OccurrenceField.DEFERRALS, OccurrenceField.FLOW,
    OccurrenceField.REDELIVERY, OccurrenceField.CALLBACK, OccurrenceField.PLANNED))
  if not event then return nil end
  return {key = key, id = id, event = event, scheduled = scheduled, attempts = attempts,
    lease = lease, deaths = deaths, next_attempt = next_attempt, tags = tags,
    deferrals = deferrals, flow = flow, redelivery = redelivery, callback = callback,
    planned = planned}
end
