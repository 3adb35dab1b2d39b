-- change_flow(prefix, occurrence, now): has an occurrence that waits for a flow that its event is
-- no longer in due at once: who claims it puts it where it belongs.
local function change_flow(prefix, occurrence, now)
  local key = prefix .. 'occurrence:' .. occurrence
  if redis.call('HEXISTS', key, 'w') == 0 then return end
  leave_due(prefix, occurrence)
  redis.call('HDEL', key, 'w')
  redis.call('ZADD', prefix .. 'due', now, occurrence)
  redis.call('PUBLISH', 'qh:wake', now)
end
