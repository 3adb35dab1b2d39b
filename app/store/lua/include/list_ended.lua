-- list_ended(prefix, events, now): lists events that were active as inactive.
local function list_ended(prefix, events, now)
  if #events == 0 then return end
  local created, since = {}, {}
  for _, id in ipairs(events) do
    -- An event's id begins with when it was created.
    local a, b, c, d, e, f = string.byte(id, 1, 6)
    local moment = ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
    created[#created + 1] = string.format('%.0f', moment); created[#created + 1] = id
    since[#since + 1] = now; since[#since + 1] = id
  end
  redis.call('ZREM', prefix .. 'events:active', unpack(events))
  redis.call('ZADD', prefix .. 'events:inactive', unpack(created))
  redis.call('ZADD', prefix .. 'inactive', unpack(since))
end
