--#include leave_due
--#include count_stats
-- cancel_occurrence(prefix, occurrence, status, message, now): cancels an occurrence that is in an
-- open status. It loses its lease: the outcome of an attempt that is under way will not count.
local function cancel_occurrence(prefix, occurrence, status, message, now)
  local key = prefix .. 'occurrence:' .. occurrence
  leave_due(prefix, occurrence)
  redis.call('ZREM', prefix .. 'leases', occurrence)
  redis.call('ZREM', prefix .. 'unacknowledged', occurrence)
  redis.call('ZREM', prefix .. 'occurrences:' .. status, occurrence)
  local scheduled = redis.call('HGET', key, OccurrenceField.SCHEDULED)
  redis.call('ZADD', prefix .. 'occurrences:cancelled', scheduled, occurrence)
  redis.call('ZADD', prefix .. 'ended', now, occurrence)
  redis.call('HSET', key, OccurrenceField.STATUS, 'cancelled', OccurrenceField.LEASE, '',
    OccurrenceField.ERROR, message, OccurrenceField.CHANGED, now, OccurrenceField.COMPLETED, now)
  redis.call('HDEL', key, OccurrenceField.NEXT_ATTEMPT, OccurrenceField.ACK_DEADLINE,
    OccurrenceField.FLOW)
  local tags = redis.call('HGET', key, OccurrenceField.TAGS) or ''
  count_stats(prefix, now, {[tags .. '\t\t---cancelled'] = 1})
end
