-- Does: notes that attempts in flows are over: others may take their places. Harmless when repeated.
-- KEYS: 1 when flows were last used
-- ARGV: 1 prefix  2… per attempt: flow, occurrence, '1' if the occurrence has ended, so that a
--       strict flow goes on to its next
-- Returns: how many places became free.
local freed = 0
for i = 2, #ARGV, 3 do
  local flow, id = ARGV[i], ARGV[i + 1]
  freed = freed + redis.call('ZREM', ARGV[1] .. 'busy:' .. flow, id)
  if ARGV[i + 2] == '1' and redis.call('HGET', ARGV[1] .. 'flow:' .. flow, 'hold') == id then
    redis.call('HDEL', ARGV[1] .. 'flow:' .. flow, 'hold')
  end
end
return freed
