-- leave_due(prefix, occurrence): takes an occurrence out of those that are due, or out of those
-- that wait for their flow. Its hash must still be there.
local function leave_due(prefix, occurrence)
  redis.call('ZREM', prefix .. 'due', occurrence)
  local o = redis.call('HMGET', prefix .. 'occurrence:' .. occurrence, 'w', 'e')
  if o[1] then redis.call('ZREM', prefix .. 'flow:' .. o[1], o[2] .. occurrence) end
end
