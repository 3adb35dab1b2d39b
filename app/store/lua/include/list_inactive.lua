-- list_inactive(prefix, events, now): moves events from the index of the active ones to that of the
-- inactive ones.
local function list_inactive(prefix, events, now)
  if #events == 0 then return end
  local by_created, by_ended = {}, {}
  for _, id in ipairs(events) do
    -- An event's id begins with when it was created, ms: 48 bits, the highest first.
    local a, b, c, d, e, f = string.byte(id, 1, 6)
    local created = ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
    by_created[#by_created + 1] = string.format('%.0f', created); by_created[#by_created + 1] = id
    by_ended[#by_ended + 1] = now; by_ended[#by_ended + 1] = id
  end
  redis.call('ZREM', prefix .. 'events:active', unpack(events))
  redis.call('ZADD', prefix .. 'events:inactive', unpack(by_created))
  redis.call('ZADD', prefix .. 'inactive', unpack(by_ended))
end
