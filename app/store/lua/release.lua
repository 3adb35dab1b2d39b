-- Does: gives claimed occurrences back: those whose lease has ended, due at once, and those that a
--       worker returns unsent, due when it says; these do not count as an attempt.
-- KEYS: 1 claimed  2 due
-- ARGV: 1 prefix  2 now  3 how many expired ones at most, 0 for none  4… per occurrence returned
--       unsent: its id, its lease token, when it is due, why it was deferred ('' if it was not)
-- Returns: for each returned unsent 1, or 0 if its lease was lost; then how many expired came back.
local prefix, now, back, soonest, answer = ARGV[1], ARGV[2], 0, nil, {}

local function give_back(id, attempts, due, unsent, why, again)
  local key = prefix .. 'occurrence:' .. id
  local status = 'retrying'
  if unsent and attempts <= 1 and not again then
    status = 'scheduled'
    redis.call('HDEL', key, 'st', 'n', 's')
    redis.call('HSET', key, 'na', due)
  else
    redis.call('HSET', key, 'st', 'retrying', 'na', due)
    if unsent then
      redis.call('HSET', key, 'n', attempts - 1)
    else
      redis.call('HINCRBY', key, 'k', 1)
    end
  end
  redis.call('HDEL', key, 'l')
  if why and why ~= '' then
    local before = string.match(redis.call('HGET', key, 'd') or '', '^' .. attempts .. ':(%d+)$')
    redis.call('HSET', key, 'd', attempts .. ':' .. (tonumber(before or '0') + 1), 'dr', why)
  end
  redis.call('HSET', key, 'ch', now)
  redis.call('ZREM', KEYS[1], id)
  redis.call('ZREM', prefix .. 'occurrences:dispatched', id)
  redis.call('ZADD', prefix .. 'occurrences:' .. status, redis.call('HGET', key, 'at'), id)
  redis.call('ZADD', KEYS[2], due, id)
  if not soonest or tonumber(due) < tonumber(soonest) then soonest = due end
end

for i = 4, #ARGV, 4 do
  local o = redis.call('HMGET', prefix .. 'occurrence:' .. ARGV[i], 'l', 'n', 'again')
  answer[#answer + 1] = o[1] == ARGV[i + 1] and 1 or 0
  if o[1] == ARGV[i + 1] then
    give_back(ARGV[i], tonumber(o[2]), ARGV[i + 2], true, ARGV[i + 3], o[3])
  end
end
if ARGV[3] ~= '0' then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[3])) do
    local attempts = redis.call('HGET', prefix .. 'occurrence:' .. id, 'n')
    if attempts then
      give_back(id, tonumber(attempts), now, false)
      back = back + 1
    else
      redis.call('ZREM', KEYS[1], id)
    end
  end
end
if soonest then redis.call('PUBLISH', 'qh:wake', soonest) end
answer[#answer + 1] = back
return answer
