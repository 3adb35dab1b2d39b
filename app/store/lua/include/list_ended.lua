-- list_ended(prefix, events, now): lists events that were active as inactive.
local function list_ended(prefix, events, now)
  if #events == 0 then return end
  local created, since = {}, {}
  for _, id in ipairs(events) do
    local moment = 0 -- an event's id begins with when it was created
    for i = 1, 6 do moment = moment * 256 + string.byte(id, i) end
    created[#created + 1] = string.format('%.0f', moment); created[#created + 1] = id
    since[#since + 1] = now; since[#since + 1] = id
  end
  redis.call('ZREM', prefix .. 'events:active', unpack(events))
  redis.call('ZADD', prefix .. 'events:inactive', unpack(created))
  redis.call('ZADD', prefix .. 'inactive', unpack(since))
end
