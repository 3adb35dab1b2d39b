-- Does: writes roll-ups and what they were made of, unless another process was faster.
-- KEYS: 1 state
-- ARGV: 1 version (of the state, as it was read; '' if there was none)
--       2… per write: name (of a bucket or, if it is not kept for a time, a field of the state),
--       value, kept (ms)
-- Returns: 1, or 0 if the state is another by now (a repeated call): nothing has changed.
local state = unpack(KEYS)
local version = unpack(ARGV, 1, 1)
if (redis.call('HGET', state, 'version') or '') ~= version then return 0 end
redis.call('HINCRBY', state, 'version', 1)
for i = 2, #ARGV, 3 do
  local name, value, kept = unpack(ARGV, i, i + 2)
  if kept == '' then
    redis.call('HSET', state, name, value)
  else
    redis.call('SET', state .. ':' .. name, value, 'PX', kept)
  end
end
return 1
