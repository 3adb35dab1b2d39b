-- is_keyed(prefix, own, made): whether an event has this key of its user's ('' is none), but for
-- that which an idempotency key made. (An earlier version that deletes an event leaves its key.)
local function is_keyed(prefix, own, made)
  if own == '' or (made and redis.call('EXISTS', made) == 1) then return false end
  local holder = redis.call('GET', prefix .. 'key:' .. own)
  return holder and redis.call('EXISTS', prefix .. 'event:' .. holder) == 1
end
