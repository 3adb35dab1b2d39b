--#include cancel_occurrence
--#include open_status
--#include add_due
--#include write_due
-- decide_overlap(prefix, policy, event, id, scheduled, now): decides about the first attempt of an
-- occurrence that the schedule made, now that it falls due. While an earlier one that the schedule
-- made has not ended, the occurrence is 'skipped' or 'waits', and that is returned. Otherwise it is
-- the running one from now on; false is returned, and the id of the one before if that was
-- cancelled.
local function decide_overlap(prefix, policy, event, id, scheduled, now)
  local event_key, key = prefix .. 'event:' .. event, prefix .. 'occurrence:' .. id

  local cancelled
  local running, queued = unpack(redis.call('HMGET', event_key, EventField.RUNNING,
    EventField.QUEUED))
  local running_status = running and running ~= id and open_status(prefix, running)
  if running_status and policy == 'cancel_previous' then
    cancelled = running
    local message = 'a newer occurrence has taken its place'
    cancel_occurrence(prefix, running, running_status, message, now)
  elseif running_status then
    local is_full = queued and queued ~= id and
      open_status(prefix, queued) == 'scheduled'
    redis.call('HDEL', key, OccurrenceField.STATUS, OccurrenceField.ATTEMPTS,
      OccurrenceField.LEASE, OccurrenceField.STARTED, OccurrenceField.NEXT_ATTEMPT)
    if policy == 'queue_one' and not is_full then
      -- It is looked at again then, should nobody have made it due when the one before ended.
      local look = string.format('%d', now + 10000)
      redis.call('HSET', key, OccurrenceField.NEXT_ATTEMPT, look)
      redis.call('HSET', event_key, EventField.QUEUED, id)
      local due = {}
      add_due(due, event, id, look)
      write_due(prefix, due)
      return 'waits'
    end
    local message = 'the occurrence before it is not over'
    if policy == 'queue_one' then message = message .. ', and another one waits already' end
    redis.call('HSET', key, OccurrenceField.STATUS, 'skipped', OccurrenceField.ERROR, message,
      OccurrenceField.COMPLETED, now)
    redis.call('ZREM', prefix .. 'occurrences:scheduled', id)
    redis.call('ZADD', prefix .. 'occurrences:skipped', scheduled, id)
    redis.call('ZADD', prefix .. 'ended', now, id)
    return 'skipped'
  end
  redis.call('HSET', event_key, EventField.RUNNING, id)
  if queued == id then redis.call('HDEL', event_key, EventField.QUEUED) end
  return false, cancelled
end
