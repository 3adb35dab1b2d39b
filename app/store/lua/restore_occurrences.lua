-- Does: restores open occurrences to an index that lost them: planned ones to those that are due,
--       claimed ones to the claimed, with a lease that has expired, and those that wait to be
--       acknowledged or for their flow.
-- KEYS: 1 claimed  2 unacknowledged
-- ARGV: 1 prefix  2 now  3… per occurrence: id
-- Returns: how many were restored; a repeated call finds none.
--#include give_hash
--#include lane_of
--#include list_lane
local claimed, unacknowledged = unpack(KEYS)
local prefix, now = unpack(ARGV, 1, 2)
local restored, lanes = 0, {}

local function restore(index, score, member)
  local added = redis.call('ZADD', index, 'NX', score, member)
  restored = restored + added
end

for i = 3, #ARGV do
  local id = ARGV[i]
  give_hash(prefix, id)
  local event, stored_status, scheduled, next_attempt, ack_deadline, flow = unpack(redis.call(
    'HMGET', prefix .. 'occurrence:' .. id, OccurrenceField.EVENT, OccurrenceField.STATUS,
    OccurrenceField.SCHEDULED, OccurrenceField.NEXT_ATTEMPT, OccurrenceField.ACK_DEADLINE,
    OccurrenceField.FLOW))
  local status = stored_status or 'scheduled'
  if flow then
    restore(prefix .. 'flow:' .. flow, scheduled, event .. id)
    redis.call('ZADD', prefix .. 'flowing', 'NX', now, flow)
  elseif event and (status == 'scheduled' or status == 'retrying') then
    local lane = lane_of(event)
    restore(prefix .. 'due:' .. lane, next_attempt or scheduled, id)
    lanes[lane] = true
  elseif ack_deadline then
    restore(unacknowledged, ack_deadline, id)
  elseif status == 'dispatched' then
    restore(claimed, now, id)
  end
end
-- The place of a lane itself may have been lost.
for lane in pairs(lanes) do list_lane(prefix, lane) end
if restored > 0 then redis.call('PUBLISH', 'qh:wake', prefix .. now) end
return restored
