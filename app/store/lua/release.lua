-- Does: gives claimed occurrences back: those whose lease has ended, due at once, and those that a
--       worker returns unsent, due when it says; these do not count as an attempt.
-- KEYS: 1 claimed  2 due
-- ARGV: 1 prefix  2 now  3 how many expired ones at most, 0 for none  4… per occurrence returned
--       unsent: its id, its lease token, when it is due, why it was deferred ('' if it was not)
-- Returns: for each returned unsent 1, or 0 if its lease was lost; then how many expired came back.
--#include gather
local prefix, now, back, soonest, answer = ARGV[1], ARGV[2], 0, nil, {}
local done, again, by_status = {}, {}, {scheduled = {}, retrying = {}}

-- o: attempts made, whether it was asked for again, scheduled, deferrals
local function give_back(id, o, due, unsent, why)
  local key, attempts, status = prefix .. 'occurrence:' .. id, tonumber(o[1]), 'retrying'
  local fields = {'na', due, 'ch', now}
  local function set(name, value) fields[#fields + 1] = name; fields[#fields + 1] = value end
  if unsent and attempts <= 1 and not o[2] then
    status = 'scheduled'
    redis.call('HDEL', key, 'st', 'n', 's', 'l')
  else
    set('st', 'retrying')
    if unsent then set('n', attempts - 1) else redis.call('HINCRBY', key, 'k', 1) end
    redis.call('HDEL', key, 'l')
  end
  if why and why ~= '' then
    local before = string.match(o[4] or '', '^' .. attempts .. ':(%d+)$')
    set('d', attempts .. ':' .. (tonumber(before or '0') + 1))
    set('dr', why)
  end
  redis.call('HSET', key, unpack(fields))
  local listed = by_status[status]
  listed[#listed + 1] = o[3]; listed[#listed + 1] = id
  done[#done + 1] = id
  again[#again + 1] = due; again[#again + 1] = id
  if not soonest or tonumber(due) < tonumber(soonest) then soonest = due end
end

for i = 4, #ARGV, 4 do
  local o = redis.call('HMGET', prefix .. 'occurrence:' .. ARGV[i], 'n', 'again', 'at', 'd', 'l')
  answer[#answer + 1] = o[5] == ARGV[i + 1] and 1 or 0
  if o[5] == ARGV[i + 1] then give_back(ARGV[i], o, ARGV[i + 2], true, ARGV[i + 3]) end
end
if ARGV[3] ~= '0' then
  gather('ZREM', KEYS[1], done)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[3])) do
    local o = redis.call('HMGET', prefix .. 'occurrence:' .. id, 'n', 'again', 'at')
    if o[1] then
      give_back(id, o, now, false)
      back = back + 1
    else
      done[#done + 1] = id
    end
  end
end
gather('ZREM', KEYS[1], done)
gather('ZREM', prefix .. 'occurrences:dispatched', done)
for status, listed in pairs(by_status) do
  gather('ZADD', prefix .. 'occurrences:' .. status, listed)
end
gather('ZADD', KEYS[2], again)
if soonest then redis.call('PUBLISH', 'qh:wake', soonest) end
answer[#answer + 1] = back
return answer
