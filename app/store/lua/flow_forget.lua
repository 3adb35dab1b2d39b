-- Does: forgets flows, if nobody has used them since a moment. A repeated call finds none.
-- KEYS: 1 all flows  2 when flows were last used
-- ARGV: 1 prefix  2 used before  3… their names
-- Returns: how many were forgotten.
local forgotten = 0
for i = 3, #ARGV do
  local used = redis.call('ZSCORE', KEYS[2], ARGV[i])
  if used and tonumber(used) < tonumber(ARGV[2]) then
    redis.call('DEL', ARGV[1] .. 'flow:' .. ARGV[i], ARGV[1] .. 'busy:' .. ARGV[i])
    redis.call('ZREM', KEYS[1], ARGV[i])
    redis.call('ZREM', KEYS[2], ARGV[i])
    forgotten = forgotten + 1
  end
end
return forgotten
