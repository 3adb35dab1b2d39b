-- call_back(prefix, callback, event, occurrence, now): adds an occurrence of the event, due now, that
-- tells of the end of another as it was just recorded. A second call with the same id adds none.
local function call_back(prefix, callback, event, occurrence, now)
  local o = redis.call('HMGET', prefix .. 'occurrence:' .. occurrence, 'st', 'at', 'n', 'code',
    'err', 'tags')
  local tags = o[6] or ''
  if schedule(prefix, callback, event, now, now, tags) then
    local about = table.concat({o[1], o[2], now, o[3], o[4], o[5]}, '\n')
    redis.call('HSET', prefix .. 'occurrence:' .. callback, 'cb', occurrence .. about, 'tags', tags,
      'ch', now)
  end
end
