-- wait_for_flow(prefix, flow, event, occurrence, scheduled, now): puts an occurrence that is due
-- among those that wait for their flow, in the order of their scheduled times; of those with the
-- same one, in the order in which their events were made.
local function wait_for_flow(prefix, flow, event, occurrence, scheduled, now)
  redis.call('HSET', prefix .. 'occurrence:' .. occurrence, 'w', flow)
  redis.call('ZADD', prefix .. 'flow:' .. flow, scheduled, event .. occurrence)
  redis.call('ZADD', prefix .. 'flowing', 'NX', now, flow)
end
