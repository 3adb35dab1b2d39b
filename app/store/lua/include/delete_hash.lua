--#include unlist_ended
-- delete_hash(prefix, id): deletes an ended occurrence that has a hash, with all its index entries
-- but those that retention reads; returns whether it was there.
local function delete_hash(prefix, id)
  local key = prefix .. 'occurrence:' .. id
  local event, status, tags = unpack(redis.call('HMGET', key, OccurrenceField.EVENT,
    OccurrenceField.STATUS, OccurrenceField.TAGS))
  if not event then return false end
  unlist_ended(prefix, id, event, status, tags or '')
  redis.call('DEL', key)
  return true
end
