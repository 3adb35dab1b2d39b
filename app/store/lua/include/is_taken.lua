--#include is_packed
-- is_taken(prefix, occurrence, now): whether an occurrence exists that does not give way to a
-- scheduled one, as a record does that it was skipped.
local function is_taken(prefix, occurrence, now)
  if redis.call('HEXISTS', prefix .. 'fresh', occurrence) == 1 then return true end
  local event, status = unpack(redis.call('HMGET', prefix .. 'occurrence:' .. occurrence,
    OccurrenceField.EVENT, OccurrenceField.STATUS))
  if not event then return is_packed(prefix, occurrence, now) ~= nil end
  return status ~= 'skipped'
end
