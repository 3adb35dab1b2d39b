-- Does: frees the places of attempts in flows that are over. Harmless when repeated.
-- KEYS: 1 slot (any key of the flows)
-- ARGV: 1 prefix
--       2… per attempt: flow, id (of its occurrence), earliest (until when at least it had its
--       place, ms), deadline (until when at most: a place until another time is another attempt's),
--       turn (that ends with it, so that a strict flow goes on to its next; '' if it stays. A turn
--       that is over, or somebody else's, is not ended by this)
-- Returns: how many places became free.
local prefix = unpack(ARGV, 1, 1)
local freed = 0
for i = 2, #ARGV, 5 do
  local flow, id, earliest, deadline, turn = unpack(ARGV, i, i + 4)
  local busy, key = prefix .. 'busy:' .. flow, prefix .. 'flow:' .. flow
  local held_until = tonumber(redis.call('ZSCORE', busy, id) or '-1')
  if held_until >= tonumber(earliest) and held_until <= tonumber(deadline) then
    redis.call('ZREM', busy, id)
    freed = freed + 1
  end
  if turn ~= '' then
    local in_order, last_turn = unpack(redis.call('HMGET', key, FlowField.IN_ORDER,
      FlowField.TURN))
    if in_order == id and (last_turn or '0') == turn then
      redis.call('HDEL', key, FlowField.IN_ORDER)
    end
  end
end
return freed
