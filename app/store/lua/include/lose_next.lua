-- lose_next(key, event, last, now, batch): has an event whose scheduled occurrence is begun have
-- none; if that was the last one of its series so far (else last is false), it waits from now on
-- for the successor.
local function lose_next(key, event, last, now, batch)
  redis.call('HDEL', key, EventField.NEXT)
  if last then
    redis.call('HSET', key, EventField.LAST, last)
    local unscheduled = batch.unscheduled
    unscheduled[#unscheduled + 1] = now; unscheduled[#unscheduled + 1] = event
  end
end
