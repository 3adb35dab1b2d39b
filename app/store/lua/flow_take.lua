-- Does: lets occurrences through their flows as far as rate, concurrency and order allow.
-- KEYS: 1 when flows were last used  2 the worker's last answer
-- ARGV: 1 prefix  2 now  3 how far ahead starts may lie, ms  4 deadline of what is let through
--       5 request number  6… per flow: its name, how many, and so many occurrences in their order
-- Returns: a text: per flow 'look start start …;'. look is when to look at it again (ms), 'p' while
--          it is paused, 'c' while all that it allows is under way. Each start (ms) stands for one
--          occurrence; '-': it must wait; '@' and an id in hexadecimal: it waits for the end of
--          that one, as order wants. The same request, sent again, gets the same answer.
local prefix, now, ahead = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local last = redis.call('GET', KEYS[2])
if last and string.sub(last, 1, #ARGV[5] + 1) == ARGV[5] .. ':' then
  return string.sub(last, #ARGV[5] + 2)
end

local function number(ms) return string.format('%.0f', ms) end

local function hexadecimal(id)
  return (string.gsub(id, '.', function(c) return string.format('%02x', string.byte(c)) end))
end

local function let_through(flow, ids)
  local key, busy = prefix .. 'flow:' .. flow, prefix .. 'busy:' .. flow
  local f = redis.call('HMGET', key, 'n', 'per', 'burst', 'conc', 'strict', 'paused', 'tat', 'hold')
  redis.call('ZADD', KEYS[1], now, flow)
  if f[6] then return 'p' .. string.rep(' -', #ids) end
  redis.call('ZREMRANGEBYSCORE', busy, '-inf', number(now - 1))
  local room = f[4] and tonumber(f[4]) - redis.call('ZCARD', busy) or math.huge
  -- The generic cell rate algorithm (ITU-T I.371): tat is when the next one is due at this rate.
  local interval = f[1] and tonumber(f[2]) / tonumber(f[1])
  local spare = interval and (tonumber(f[3] or '1') - 1) * interval
  local tat, hold, later, held, waits = tonumber(f[7] or '0'), f[8], nil, nil, false
  -- Farther ahead it can only be from a slower rate that was changed since.
  if interval then tat = math.min(tat, now + ahead + spare + interval) end
  local answer = {}
  for _, id in ipairs(ids) do
    local start = '-'
    if f[5] and hold and hold ~= id then
      start, waits = '@' .. hexadecimal(hold), true
    elseif redis.call('ZSCORE', busy, id) then
      held = number(now + 50)  -- its attempt is just ending, or its worker has died
    elseif room > 0 and not later then
      local at = interval and math.max(now, math.ceil(tat - spare)) or now
      if at > now + ahead then
        later = number(at - ahead / 2)
      else
        if interval then tat = math.max(tat, at) + interval end
        if f[5] then hold = id end
        redis.call('ZADD', busy, ARGV[4], id)
        start, room = number(at), f[5] and 0 or room - 1
      end
    end
    answer[#answer + 1] = start
  end
  if interval then redis.call('HSET', key, 'tat', string.format('%.3f', tat)) end
  if f[5] and hold then redis.call('HSET', key, 'hold', hold) end
  return (later or (waits or room <= 0) and 'c' or held or number(now)) .. ' ' .. table.concat(answer, ' ')
end

local answers, i = {}, 6
while i <= #ARGV do
  local count = tonumber(ARGV[i + 1])
  local ids = {}
  for j = i + 2, i + 1 + count do ids[#ids + 1] = ARGV[j] end
  answers[#answers + 1] = let_through(ARGV[i], ids)
  i = i + 2 + count
end
local answer = table.concat(answers, ';')
redis.call('SET', KEYS[2], ARGV[5] .. ':' .. answer, 'PX', 60000)
return answer
