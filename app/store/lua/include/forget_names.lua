-- forget_names(prefix, event): with an event's last recorded occurrence goes what it was called.
local function forget_names(prefix, event)
  local index = 'event:' .. event .. ':occurrences'
  if redis.call('EXISTS', prefix .. index, prefix .. 'leaves:' .. index) == 0 then
    redis.call('DEL', prefix .. 'event:' .. event .. ':names')
  end
end
