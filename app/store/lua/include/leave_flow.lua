--#include leave_due
-- leave_flow(prefix, occurrence, now): makes an occurrence due that waits for a flow, now that its
-- event has left that flow. Who claims it next has it wait for the right one.
local function leave_flow(prefix, occurrence, now)
  local key = prefix .. 'occurrence:' .. occurrence
  if redis.call('HEXISTS', key, OccurrenceField.FLOW) == 0 then return end
  leave_due(prefix, occurrence)
  redis.call('HDEL', key, OccurrenceField.FLOW)
  redis.call('ZADD', prefix .. 'due', now, occurrence)
  redis.call('PUBLISH', 'qh:wake', now)
end
