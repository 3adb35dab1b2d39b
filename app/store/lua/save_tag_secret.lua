-- Does: writes the signing secret of a tag, if it is still as it was read.
-- KEYS: 1 secrets
-- ARGV: 1 tag  2 before (that was read, '' for none)  3 after ('' to take it away)
-- Returns: 1 written, 0 it has changed meanwhile, and then nothing has changed. A repeated call
--          answers 1.
local secrets = unpack(KEYS)
local tag, before, after = unpack(ARGV, 1, 3)
local stored = redis.call('HGET', secrets, tag) or ''
if stored == after then return 1 end
if stored ~= before then return 0 end
if after == '' then
  redis.call('HDEL', secrets, tag)
else
  redis.call('HSET', secrets, tag, after)
end
redis.call('HINCRBY', secrets, '', 1)
return 1
