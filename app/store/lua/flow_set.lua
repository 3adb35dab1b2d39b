-- Does: makes a flow known and sets limits of it. Those that a user has set are not changed by
--       events any more.
-- KEYS: 1 all flows  2 when flows were last used
-- ARGV: 1 prefix  2 the flow's name  3 now  4 'event' or 'user'  5… field and value; '' clears it
-- Returns: 1 if it was changed, 0 if it was left as a user has set it.
local key = ARGV[1] .. 'flow:' .. ARGV[2]
redis.call('ZADD', KEYS[1], 0, ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
if ARGV[4] == 'user' then
  redis.call('HSET', key, 'by', 'user')
elseif redis.call('HGET', key, 'by') == 'user' then
  return 0
end
for i = 5, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', key, ARGV[i])
  else
    redis.call('HSET', key, ARGV[i], ARGV[i + 1])
  end
end
return 1
