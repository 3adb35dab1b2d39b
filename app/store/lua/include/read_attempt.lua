--#include fresh_lease
--#include moment_of
-- read_attempt(prefix, id, short): what the record of an attempt needs of its occurrence, by name.
-- If that has a short form, tags has its tags, which its hash does not have yet.
local function read_attempt(prefix, id, short)
  if short then
    local _, started, token, tags = fresh_lease(short)
    return {event = string.sub(short, 1, 16), scheduled = moment_of(id), lease = token,
      attempts = '1', started = started, tags = tags}
  end
  local event, scheduled, lease, attempts, log, callback, code, body, message = unpack(redis.call(
    'HMGET', prefix .. 'occurrence:' .. id, OccurrenceField.EVENT, OccurrenceField.SCHEDULED,
    OccurrenceField.LEASE, OccurrenceField.ATTEMPTS, OccurrenceField.LOG, OccurrenceField.CALLBACK,
    OccurrenceField.STATUS_CODE, OccurrenceField.RESPONSE_BODY, OccurrenceField.ERROR))
  return {event = event, scheduled = scheduled, lease = lease, attempts = attempts, log = log,
    callback = callback, code = code, body = body, message = message, started = ''}
end
