--#include fresh_lease
--#include has_completed
--#include moment_of
-- give_hash(prefix, id): has an occurrence that is stored in short form a hash of its own from now
-- on, which says the same; see short_forms.py. Its event lists it if it is claimed. Any other
-- stays as it is, and so does one that has completed. The first thing that it writes needs memory:
-- so a store that is full refuses it, before anything is changed.
local function give_hash(prefix, id)
  local short = redis.call('HGET', prefix .. 'fresh', id)
  if not short or has_completed(short) then return end
  local key = prefix .. 'occurrence:' .. id
  if redis.call('EXISTS', key) == 1 then
    redis.call('HDEL', prefix .. 'fresh', id)
    return
  end
  local changed, started, token, tags = fresh_lease(short)
  redis.call('HSET', key, OccurrenceField.EVENT, string.sub(short, 1, 16),
    OccurrenceField.SCHEDULED, moment_of(id))
  if token then
    redis.call('HSET', key, OccurrenceField.STATUS, 'dispatched', OccurrenceField.ATTEMPTS, 1,
      OccurrenceField.LEASE, token, OccurrenceField.STARTED, started, OccurrenceField.TAGS, tags,
      OccurrenceField.SERIES, 1, OccurrenceField.CHANGED, changed)
    redis.call('ZADD', prefix .. 'event:' .. string.sub(short, 1, 16) .. ':occurrences',
      moment_of(id), id)
  elseif #short > 16 then
    redis.call('HSET', key, OccurrenceField.CHANGED, string.sub(short, 17))
  end
  redis.call('HDEL', prefix .. 'fresh', id)
end
