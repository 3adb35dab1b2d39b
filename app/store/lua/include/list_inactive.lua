--#include moment_of
-- list_inactive(prefix, events, now): moves events from the index of the active ones to that of the
-- inactive ones.
local function list_inactive(prefix, events, now)
  if #events == 0 then return end
  local by_created, by_ended = {}, {}
  for _, id in ipairs(events) do
    by_created[#by_created + 1] = moment_of(id); by_created[#by_created + 1] = id
    by_ended[#by_ended + 1] = now; by_ended[#by_ended + 1] = id
  end
  redis.call('ZREM', prefix .. 'events:active', unpack(events))
  redis.call('ZADD', prefix .. 'events:inactive', unpack(by_created))
  redis.call('ZADD', prefix .. 'inactive', unpack(by_ended))
end
