--#include fresh_lease
--#include moment_of
-- read_attempt(prefix, id, short): what the record of an attempt needs of its occurrence, by name.
-- is_simple: of its past there is nothing to say but that its first attempt has begun.
local function read_attempt(prefix, id, short)
  if short then
    local _, started, token, tags = fresh_lease(short)
    return {event = string.sub(short, 1, 16), scheduled = moment_of(id), lease = token,
      attempts = '1', started = started, tags = tags, is_simple = true}
  end
  local key = prefix .. 'occurrence:' .. id
  local event, scheduled, lease, attempts, log, callback, code, body, message, tags, series,
    planned, deferrals, deaths, redelivery = unpack(redis.call('HMGET', key,
    OccurrenceField.EVENT, OccurrenceField.SCHEDULED, OccurrenceField.LEASE,
    OccurrenceField.ATTEMPTS, OccurrenceField.LOG, OccurrenceField.CALLBACK,
    OccurrenceField.STATUS_CODE, OccurrenceField.RESPONSE_BODY, OccurrenceField.ERROR,
    OccurrenceField.TAGS, OccurrenceField.SERIES, OccurrenceField.PLANNED,
    OccurrenceField.DEFERRALS, OccurrenceField.DEATHS, OccurrenceField.REDELIVERY))
  local has_past = log or callback or planned or deferrals or deaths or redelivery
  return {event = event, scheduled = scheduled, lease = lease, attempts = attempts, log = log,
    callback = callback, code = code, body = body, message = message, started = '', tags = tags,
    is_simple = attempts == '1' and series and tags and not has_past}
end
