-- list_event(prefix, id, created, was, is): lists an event under its status, and no longer under the
-- one that it had; false for one that is new or deleted.
local function list_event(prefix, id, created, was, is)
  if was and was ~= is then redis.call('ZREM', prefix .. 'events:' .. was, id) end
  if is then redis.call('ZADD', prefix .. 'events:' .. is, created, id) end
end
