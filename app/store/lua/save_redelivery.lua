-- Does: writes a retry job, if it is still as it was read.
-- KEYS: 1 the job  2 all jobs  3 those of its scope  4 those that run  5 of its scope, those that run
--       6 those that have ended
-- ARGV: 1 id  2 the stamp that was read, '' to create  3 the new stamp  4 created  5 when to look
--       after it again, '' once it has ended  6 when it ended  7 the job (JSON)
-- Returns: 1 written, 0 it has changed meanwhile, and then nothing has changed. A repeated call
--          answers 1.
local id, stamp = ARGV[1], redis.call('HGET', KEYS[1], 'stamp')
if stamp == ARGV[3] then return 1 end
if (stamp or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'stamp', ARGV[3], 'job', ARGV[7])
redis.call('ZADD', KEYS[2], ARGV[4], id)
redis.call('ZADD', KEYS[3], ARGV[4], id)
if ARGV[5] ~= '' then
  redis.call('ZADD', KEYS[4], ARGV[5], id)
  redis.call('ZADD', KEYS[5], ARGV[4], id)
else
  redis.call('ZREM', KEYS[4], id)
  redis.call('ZREM', KEYS[5], id)
  redis.call('ZADD', KEYS[6], ARGV[6], id)
end
return 1
