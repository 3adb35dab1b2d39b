--#include lane_of
--#include list_lane
-- leave_due(prefix, occurrence): removes an occurrence from those that are due, or from those that
-- wait for their flow. Its hash, or its short form, must still be there.
local function leave_due(prefix, occurrence)
  local flow, event = unpack(redis.call('HMGET', prefix .. 'occurrence:' .. occurrence,
    OccurrenceField.FLOW, OccurrenceField.EVENT))
  if not event then
    local short = redis.call('HGET', prefix .. 'fresh', occurrence)
    if not short then return end
    event = string.sub(short, 1, 16)
  end
  local lane = lane_of(event)
  local removed = redis.call('ZREM', prefix .. 'due:' .. lane, occurrence)
  if removed == 1 then list_lane(prefix, lane) end
  if flow then redis.call('ZREM', prefix .. 'flow:' .. flow, event .. occurrence) end
end
