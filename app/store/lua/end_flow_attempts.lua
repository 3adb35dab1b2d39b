-- Does: frees the places of attempts in flows that are over. Harmless when repeated.
-- KEYS: 1 slot (any key of the flows)
-- ARGV: 1 prefix
--       2… per attempt: flow, id (of its occurrence), earliest (until when at least it had its
--       place, ms), deadline (until when at most: a place until another time is another attempt's),
--       turn (that ends with it, so that a strict flow goes on to its next; '' if it stays. A turn
--       that is over, or somebody else's, is not ended by this)
-- Returns: how many places became free.
local prefix = unpack(ARGV, 1, 1)
local freed, ended_in = 0, {}
for i = 2, #ARGV, 5 do
  local flow, id, earliest, deadline, turn = unpack(ARGV, i, i + 4)
  local ended = ended_in[flow] or {ids = {}, attempts = {}}
  ended.ids[#ended.ids + 1] = id
  ended.attempts[#ended.attempts + 1] = {earliest = tonumber(earliest),
    deadline = tonumber(deadline), turn = turn}
  ended_in[flow] = ended
end

for flow, ended in pairs(ended_in) do
  local busy, key = prefix .. 'busy:' .. flow, prefix .. 'flow:' .. flow
  local held = redis.call('ZMSCORE', busy, unpack(ended.ids))
  local in_order, last_turn = unpack(redis.call('HMGET', key, FlowField.IN_ORDER,
    FlowField.TURN))
  local free = {}
  for number, attempt in ipairs(ended.attempts) do
    local id, held_until = ended.ids[number], tonumber(held[number] or '-1')
    if held_until >= attempt.earliest and held_until <= attempt.deadline then
      free[#free + 1] = id
    end
    if in_order == id and (last_turn or '0') == attempt.turn then
      redis.call('HDEL', key, FlowField.IN_ORDER)
      in_order = false
    end
  end
  if free[1] then
    local removed = redis.call('ZREM', busy, unpack(free))
    freed = freed + removed
  end
end
return freed
