-- Does: writes a job in the background, of any kind, if it is still as it was read.
-- KEYS: 1 key (the job)  2 jobs (all)  3 of_owner (those of its owner)  4 running
--       5 running_of_owner  6 ended
-- ARGV: 1 id  2 old_stamp (that was read, '' to create)  3 stamp (the new one)  4 created
--       5 look (when to look after it again, '' once it has ended)  6 ended_ms  7 job (JSON)
-- Returns: 1 written, 0 it has changed meanwhile, and then nothing has changed. A repeated call
--          answers 1.
local key, jobs, of_owner, running, running_of_owner, ended = unpack(KEYS)
local id, old_stamp, stamp, created, look, ended_ms, job = unpack(ARGV, 1, 7)
local stored = redis.call('HGET', key, JobField.STAMP)
if stored == stamp then return 1 end
if (stored or '') ~= old_stamp then return 0 end
redis.call('HSET', key, JobField.STAMP, stamp, JobField.JOB, job)
redis.call('ZADD', jobs, created, id)
redis.call('ZADD', of_owner, created, id)
if look ~= '' then
  redis.call('ZADD', running, look, id)
  redis.call('ZADD', running_of_owner, created, id)
  redis.call('PUBLISH', 'qh:wake:jobs', look)
else
  redis.call('ZREM', running, id)
  redis.call('ZREM', running_of_owner, id)
  redis.call('ZADD', ended, ended_ms, id)
end
return 1
