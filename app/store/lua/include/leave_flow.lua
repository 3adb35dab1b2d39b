--#include find_waiting
--#include leave_due
--#include add_due
--#include write_due
-- leave_flow(prefix, event, flow, scheduled, now): makes what waits for a flow due, now that its
-- event has left that flow: the scheduled occurrence ('' for none) and all that were claimed before
-- or stand beside the schedule. Who claims them next has them wait for the right flow. The one that
-- is left is looked at: others may have waited for one of them.
local function leave_flow(prefix, event, flow, scheduled, now)
  local waiting, due = {scheduled}, {}
  for _, status in ipairs({'scheduled', 'retrying'}) do
    for _, occurrence in ipairs(find_waiting(prefix, event, status, false)) do
      waiting[#waiting + 1] = occurrence
    end
  end
  for _, occurrence in ipairs(waiting) do
    local key = prefix .. 'occurrence:' .. occurrence
    local its_flow, its_time = unpack(redis.call('HMGET', key, OccurrenceField.FLOW,
      OccurrenceField.SCHEDULED))
    if its_flow == flow then
      leave_due(prefix, occurrence)
      redis.call('HDEL', key, OccurrenceField.FLOW)
      local moment = its_time
      if tonumber(its_time) <= tonumber(now) then
        -- It was there in time: what it has waited for its flow does not make it late.
        moment = now
        redis.call('HSET', key, OccurrenceField.NEXT_ATTEMPT, now)
      end
      add_due(due, event, occurrence, moment)
    end
  end
  write_due(prefix, due)
  redis.call('ZADD', prefix .. 'flowing', 'XX', 0, flow)
  redis.call('PUBLISH', 'qh:wake', prefix .. now)
end
