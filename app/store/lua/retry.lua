-- Does: has ended occurrences attempted again under the same id. Attempts go on being counted, the
--       retry policy and the deaths of workers start afresh.
-- KEYS: 1 due  2 ended
-- ARGV: 1 prefix  2 now  3 request (a word without ':')  4… per occurrence: its id, when it is due
-- Returns: one word per occurrence: 'retried' (also if this very request has done so before);
--          'completed', 'open', 'gone' (its event was deleted) or 'unknown', and then nothing of it
--          has changed.
local prefix, now, request = ARGV[1], ARGV[2], ARGV[3]
local answers, soonest = {}, nil

local function retry(id, due)
  local key = prefix .. 'occurrence:' .. id
  local o = redis.call('HMGET', key, 'e', 'at', 'st', 'n', 'again')
  local status = o[3] or 'scheduled'
  if not o[1] then return 'unknown' end
  if o[5] and string.match(o[5], ':([^:]*)$') == request then return 'retried' end
  if status == 'completed' then return 'completed' end
  if status == 'scheduled' or status == 'dispatched' or status == 'retrying' then return 'open' end
  if redis.call('HEXISTS', prefix .. 'event:' .. o[1], 'ver') == 0 then return 'gone' end
  redis.call('HSET', key, 'st', 'retrying', 'na', due, 'ch', now,
    'again', (o[4] or '0') .. ':' .. due .. ':' .. request)
  redis.call('HDEL', key, 'c', 'k')
  redis.call('ZREM', KEYS[2], id)
  redis.call('ZREM', prefix .. 'occurrences:' .. status, id)
  redis.call('ZADD', prefix .. 'occurrences:retrying', o[2], id)
  local head = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
  redis.call('ZADD', KEYS[1], due, id)
  if not head or tonumber(due) < tonumber(head) then soonest = due end
  return 'retried'
end

for i = 4, #ARGV, 2 do
  answers[#answers + 1] = retry(ARGV[i], ARGV[i + 1])
end
if soonest then redis.call('PUBLISH', 'qh:wake', soonest) end
return answers
