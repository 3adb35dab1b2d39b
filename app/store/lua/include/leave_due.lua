-- leave_due(prefix, occurrence): removes an occurrence from those that are due, or from those that
-- wait for their flow. Its hash must still be there.
local function leave_due(prefix, occurrence)
  redis.call('ZREM', prefix .. 'due', occurrence)
  local flow, event = unpack(redis.call('HMGET', prefix .. 'occurrence:' .. occurrence,
    OccurrenceField.FLOW, OccurrenceField.EVENT))
  if flow then redis.call('ZREM', prefix .. 'flow:' .. flow, event .. occurrence) end
end
