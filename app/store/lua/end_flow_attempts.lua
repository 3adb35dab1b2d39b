-- Does: frees the places of attempts in flows that are over. Harmless when repeated.
-- KEYS: 1 slot (any key of the flows)
-- ARGV: 1 prefix
--       2… per attempt: flow, id (of its occurrence), deadline (until when it had its place, ms; a
--       newer one is another attempt's), has_ended ('1' if a strict flow goes on to its next)
-- Returns: how many places became free.
local prefix = unpack(ARGV, 1, 1)
local freed = 0
for i = 2, #ARGV, 4 do
  local flow, id, deadline, has_ended = unpack(ARGV, i, i + 3)
  local busy, key = prefix .. 'busy:' .. flow, prefix .. 'flow:' .. flow
  local held_until = redis.call('ZSCORE', busy, id)
  if held_until and tonumber(held_until) <= tonumber(deadline) then
    redis.call('ZREM', busy, id)
    freed = freed + 1
  end
  if has_ended == '1' and redis.call('HGET', key, FlowField.IN_ORDER) == id then
    redis.call('HDEL', key, FlowField.IN_ORDER)
  end
end
return freed
