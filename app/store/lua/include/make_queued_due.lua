--#include lane_of
-- make_queued_due(prefix, event_key, queued, now): makes the occurrence due that an overlap policy
-- had wait for the one before to end; it goes ahead of what fell due after it. Returns whether it
-- still waits; if not, its event forgets it.
local function make_queued_due(prefix, event_key, queued, now)
  local key = prefix .. 'occurrence:' .. queued
  local scheduled, status, event = unpack(redis.call('HMGET', key, OccurrenceField.SCHEDULED,
    OccurrenceField.STATUS, OccurrenceField.EVENT))
  if not scheduled or status then
    redis.call('HDEL', event_key, EventField.QUEUED)
    return false
  end
  local lane = lane_of(event)
  local moved = redis.call('ZADD', prefix .. 'due:' .. lane, 'XX', 'CH', scheduled, queued)
  if moved == 1 then
    redis.call('ZADD', prefix .. 'lane-heads', 'LT', scheduled, lane)
    redis.call('HSET', key, OccurrenceField.NEXT_ATTEMPT, now)
  end
  redis.call('PUBLISH', 'qh:wake', prefix .. now)
  return true
end
