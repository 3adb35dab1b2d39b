-- list_lane(prefix, lane): lists a lane under the moment of its first occurrence, or no more if it
-- has none.
local function list_lane(prefix, lane)
  local head = redis.call('ZRANGE', prefix .. 'due:' .. lane, 0, 0, 'WITHSCORES')[2]
  if head then
    redis.call('ZADD', prefix .. 'lane-heads', head, lane)
  else
    redis.call('ZREM', prefix .. 'lane-heads', lane)
  end
end
