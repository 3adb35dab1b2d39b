-- Does: makes a flow known and sets limits of it. Those that a user has set are not changed by
--       events any more.
-- KEYS: 1 flows (all)  2 used (when each was last used)
-- ARGV: 1 prefix  2 flow  3 now  4 setter ('event' or 'user')
--       5… per limit: field (of its hash), value ('' clears it)
-- Returns: 1 if it was changed, 0 if it was left as a user has set it.
local flows, used = unpack(KEYS)
local prefix, flow, now, setter = unpack(ARGV, 1, 4)
local key = prefix .. 'flow:' .. flow
redis.call('ZADD', flows, 0, flow)
redis.call('ZADD', used, now, flow)
if setter == 'user' then
  redis.call('HSET', key, FlowField.SET_BY, 'user')
elseif redis.call('HGET', key, FlowField.SET_BY) == 'user' then
  return 0
end
for i = 5, #ARGV, 2 do
  local field, value = unpack(ARGV, i, i + 1)
  if value == '' then
    redis.call('HDEL', key, field)
  else
    redis.call('HSET', key, field, value)
  end
end
return 1
