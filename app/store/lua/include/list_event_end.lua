-- list_event_end(prefix, id, status, paused_until, now): lists an event under when it is to be
-- resumed, if it is paused until then, and under when it became inactive, if it is.
local function list_event_end(prefix, id, status, paused_until, now)
  if paused_until and status == 'paused' then
    redis.call('ZADD', prefix .. 'paused', paused_until, id)
  else
    redis.call('ZREM', prefix .. 'paused', id)
  end
  if status == 'inactive' then
    redis.call('ZADD', prefix .. 'inactive', now, id)
  else
    redis.call('ZREM', prefix .. 'inactive', id)
  end
end
