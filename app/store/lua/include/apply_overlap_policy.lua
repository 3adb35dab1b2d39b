--#include decide_overlap
-- apply_overlap_policy(prefix, policy, event, id, scheduled, is_fresh, deadline, now): has the
-- overlap policy of its event decide about an occurrence that was just claimed, if this is its
-- first attempt (is_fresh) and the schedule made it; see decide_overlap, whose answer is returned.
-- Unless that keeps it back, it is moved among the claimed, at once and not with the others of the
-- call: one of these may have to cancel it.
local function apply_overlap_policy(prefix, policy, event, id, scheduled, is_fresh, deadline, now)
  local key, decision, cancelled = prefix .. 'occurrence:' .. id, false, nil
  if is_fresh and redis.call('HEXISTS', key, OccurrenceField.SERIES) == 1 then
    decision, cancelled = decide_overlap(prefix, policy, event, id, scheduled, now)
    if decision then return decision end
  end
  local left = is_fresh and 'scheduled' or 'retrying'
  redis.call('ZREM', prefix .. 'occurrences:' .. left, id)
  redis.call('ZADD', prefix .. 'occurrences:dispatched', scheduled, id)
  redis.call('ZADD', prefix .. 'leases', deadline, id)
  return false, cancelled
end
