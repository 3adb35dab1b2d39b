-- wait_for_flow(prefix, flow, event, occurrence, scheduled, attempts, now): puts an occurrence that is due
-- among those that wait for their flow, in the order of their scheduled times; of those with the
-- same one, in the order in which their events were made. Its flow is looked at now; at once if
-- that was put off but this is a retry, for which all others may wait.
local function wait_for_flow(prefix, flow, event, occurrence, scheduled, attempts, now)
  redis.call('HSET', prefix .. 'occurrence:' .. occurrence, 'w', flow)
  redis.call('ZADD', prefix .. 'flow:' .. flow, scheduled, event .. occurrence)
  if attempts then
    redis.call('ZADD', prefix .. 'flowing', 0, flow)
  else
    redis.call('ZADD', prefix .. 'flowing', 'NX', now, flow)
  end
end
