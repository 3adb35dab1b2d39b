-- Does: takes the oldest events out of the index of all events that stores of before schema 1 have,
--       and lists each under its status. One that is gone is only taken out.
-- KEYS: 1 events (all)
-- ARGV: 1 prefix  2 limit
-- Returns: how many events were taken out. A repeated call goes on.
--#include index_event_status
local events = unpack(KEYS)
local prefix, limit = unpack(ARGV, 1, 2)
local found = redis.call('ZRANGE', events, 0, limit - 1, 'WITHSCORES')
for i = 1, #found, 2 do
  local id, created = unpack(found, i, i + 1)
  local status = redis.call('HGET', prefix .. 'event:' .. id, EventField.STATUS)
  index_event_status(prefix, id, created, false, status)
end
if #found > 0 then
  redis.call('ZREMRANGEBYRANK', events, 0, #found / 2 - 1)
end
return #found / 2
