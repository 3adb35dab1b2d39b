-- index_event_status(prefix, id, created, old, new): moves an event between the indexes of
-- statuses; old or new is false for an event that is created or deleted.
local function index_event_status(prefix, id, created, old, new)
  if old and old ~= new then redis.call('ZREM', prefix .. 'events:' .. old, id) end
  if new then redis.call('ZADD', prefix .. 'events:' .. new, created, id) end
end
