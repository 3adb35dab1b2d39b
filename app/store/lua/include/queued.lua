-- call_queued(prefix, event, queued, now): makes the occurrence that waits for the one before to
-- be over due at once, ahead of what fell due after it. Returns whether there is one; a name that
-- an event still has of one that waits no longer is forgotten.
local function call_queued(prefix, event, queued, now)
  local key = prefix .. 'occurrence:' .. queued
  local o = redis.call('HMGET', key, 'at', 'st')
  if not o[1] or o[2] then
    redis.call('HDEL', event, 'qd')
    return false
  end
  if redis.call('ZADD', prefix .. 'due', 'XX', 'CH', o[1], queued) == 1 then
    redis.call('HSET', key, 'na', now)
  end
  redis.call('PUBLISH', 'qh:wake', now)
  return true
end
