-- wait_for_flow(prefix, flow, event, occurrence, scheduled, attempts, now, looks): has what is due
-- wait for its flow, in the order of scheduled times; those with the same one in the order in which
-- their events were made. Its flow is looked at now, unless a later look was agreed on; at once for
-- a retry, as all others may have to wait for that. looks has the flows for which this call has
-- seen to that.
local function wait_for_flow(prefix, flow, event, occurrence, scheduled, attempts, now, looks)
  redis.call('HSET', prefix .. 'occurrence:' .. occurrence, OccurrenceField.FLOW, flow)
  redis.call('ZADD', prefix .. 'flow:' .. flow, scheduled, event .. occurrence)
  if attempts then
    redis.call('ZADD', prefix .. 'flowing', 0, flow)
  elseif not looks[flow] then
    redis.call('ZADD', prefix .. 'flowing', 'NX', now, flow)
  end
  looks[flow] = true
end
