-- Does: notes that attempts in flows are over: others may take their places. Harmless when repeated.
-- KEYS: 1 all flows
-- ARGV: 1 prefix  2… per attempt: flow, occurrence, until when its place was ours (ms): a newer one
--       is somebody else's; '1' if a strict flow is to go on to its next
-- Returns: how many places became free.
local freed = 0
for i = 2, #ARGV, 4 do
  local busy, key = ARGV[1] .. 'busy:' .. ARGV[i], ARGV[1] .. 'flow:' .. ARGV[i]
  local id = ARGV[i + 1]
  local till = redis.call('ZSCORE', busy, id)
  if till and tonumber(till) <= tonumber(ARGV[i + 2]) then
    freed = freed + redis.call('ZREM', busy, id)
  end
  if ARGV[i + 3] == '1' and redis.call('HGET', key, 'hold') == id then
    redis.call('HDEL', key, 'hold')
  end
end
return freed
