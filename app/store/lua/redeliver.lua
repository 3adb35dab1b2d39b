-- Does: has ended occurrences attempted again under the same id. Attempts go on being counted, the
--       retry policy and the deaths of workers start afresh.
-- KEYS: 1 due  2 ended
-- ARGV: 1 prefix  2 now  3 request (a word without ':')  4 the tags that may be touched, one a line;
--       a newline alone for all  5… per occurrence: its id, when it is due
-- Returns: one word per occurrence: 'retried' (also if this very request has done so before);
--          'completed', 'open', 'gone' (its event was deleted, or one of the two has other tags) or
--          'unknown', and then nothing of it has changed.
local prefix, now, request, scope = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local answers, soonest = {}, nil

local function in_scope(tags)
  if scope == '\n' then return true end
  for tag in string.gmatch(tags, '[^\n]+') do
    if not string.find('\n' .. scope .. '\n', '\n' .. tag .. '\n', 1, true) then return false end
  end
  return tags ~= ''
end

local function retry(id, due)
  local key = prefix .. 'occurrence:' .. id
  local o = redis.call('HMGET', key, 'e', 'at', 'st', 'n', 'again', 'tags')
  local status = o[3] or 'scheduled'
  if not o[1] then return 'unknown' end
  if o[5] and string.match(o[5], ':([^:]*)$') == request then return 'retried' end
  if status == 'completed' then return 'completed' end
  if status == 'scheduled' or status == 'dispatched' or status == 'retrying' then return 'open' end
  local event = redis.call('HMGET', prefix .. 'event:' .. o[1], 'ver', 'tags')
  if not event[1] or not in_scope(o[6] or '') or not in_scope(event[2] or '') then return 'gone' end
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

for i = 5, #ARGV, 2 do
  answers[#answers + 1] = retry(ARGV[i], ARGV[i + 1])
end
if soonest then redis.call('PUBLISH', 'qh:wake', soonest) end
return answers
