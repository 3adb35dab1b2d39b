-- Does: admits occurrences that wait for flows as far as rate, concurrency and order allow. None
--       starts before its time, which is in its id; of a strict flow none is admitted before.
-- KEYS: 1 used (when each flow was last used)  2 last_answer (to this worker)
-- ARGV: 1 prefix  2 now  3 ahead (how far ahead starts may lie, ms)  4 deadline (of the places that
--       are given)  5 request (its number)
--       6… per flow: flow, count, ids… (so many, in their order)
-- Returns: a text: per flow 'look turn start start …;'. look is when to look at it again (ms), 'p'
--          while it is paused, 'c' while all that it allows is under way. turn is the number of the
--          turn that a strict flow has given last: who ends that turn has to name it. Each start
--          (ms) stands for one occurrence; '-': it must wait; '@' and an id in hexadecimal: it
--          waits for the end of that one, whose turn it is. The same request, sent again, gets the
--          same answer.
--#include earliest_start
--#include call_batch
local used, last_answer = unpack(KEYS)
local prefix, now, ahead, deadline, request = unpack(ARGV, 1, 5)
local last = redis.call('GET', last_answer)
if last and string.sub(last, 1, #request + 1) == request .. ':' then
  return string.sub(last, #request + 2)
end
now, ahead = tonumber(now), tonumber(ahead)

local function number(ms) return string.format('%.0f', ms) end

local function hexadecimal(id)
  return (string.gsub(id, '.', function(c) return string.format('%02x', string.byte(c)) end))
end

local function admit(flow, ids)
  local key, busy = prefix .. 'flow:' .. flow, prefix .. 'busy:' .. flow
  local rate_count, rate_period, burst, concurrency, strict, paused, arrival, in_order, last_turn =
    unpack(redis.call('HMGET', key, FlowField.RATE_COUNT, FlowField.RATE_PERIOD, FlowField.BURST,
    FlowField.CONCURRENCY, FlowField.STRICT, FlowField.PAUSED, FlowField.ARRIVAL,
    FlowField.IN_ORDER, FlowField.TURN))
  local turn = tonumber(last_turn or '0')
  redis.call('ZADD', used, now, flow)
  if paused then return 'p ' .. number(turn) .. string.rep(' -', #ids) end
  redis.call('ZREMRANGEBYSCORE', busy, '-inf', number(now - 1))
  local places = concurrency and tonumber(concurrency) - redis.call('ZCARD', busy) or math.huge
  -- The generic cell rate algorithm (ITU-T I.371) with its terms: the emission interval, the
  -- tolerance of a burst and the theoretical arrival time of the next attempt.
  local interval = rate_count and tonumber(rate_period) / tonumber(rate_count)
  local tolerance = interval and (tonumber(burst or '1') - 1) * interval
  local theoretical = tonumber(arrival or '0')
  -- Farther ahead it can only be from a slower rate that was changed since.
  if interval then theoretical = math.min(theoretical, now + ahead + tolerance + interval) end
  local starts, taken, too_early_until, busy_until, waits_for_order = {}, {}, nil, nil, false
  local held = ids[1] and redis.call('ZMSCORE', busy, unpack(ids))
  for rank, id in ipairs(ids) do
    local start, earliest = '-', earliest_start(id, now)
    if strict and in_order and in_order ~= id then
      start, waits_for_order = '@' .. hexadecimal(in_order), true
    elseif earliest == now and held[rank] then
      busy_until = number(now + 50)  -- its attempt is just ending, or its worker has died
    elseif strict and earliest > now then
      too_early_until = too_early_until or number(earliest)
    elseif places > 0 and not too_early_until then
      local at = interval and math.max(earliest, math.ceil(theoretical - tolerance)) or earliest
      if at > now + ahead then
        too_early_until = number(at - ahead / 2)
      else
        if interval then theoretical = math.max(theoretical, at) + interval end
        if strict and in_order ~= id then in_order, turn = id, turn + 1 end
        taken[#taken + 1] = deadline; taken[#taken + 1] = id
        start, places = number(at), strict and 0 or places - 1
      end
    end
    starts[#starts + 1] = start
  end
  call_batch('ZADD', busy, taken)
  if interval then
    redis.call('HSET', key, FlowField.ARRIVAL, string.format('%.3f', theoretical))
  end
  if strict and in_order then
    redis.call('HSET', key, FlowField.IN_ORDER, in_order, FlowField.TURN, number(turn))
  end
  local is_full = waits_for_order or places <= 0
  local look = too_early_until or is_full and 'c' or busy_until or number(now)
  return look .. ' ' .. number(turn) .. ' ' .. table.concat(starts, ' ')
end

local answers, i = {}, 6
while i <= #ARGV do
  local flow, count = unpack(ARGV, i, i + 1)
  local last_id = i + 1 + count
  answers[#answers + 1] = admit(flow, {unpack(ARGV, i + 2, last_id)})
  i = last_id + 1
end
local answer = table.concat(answers, ';')
redis.call('SET', last_answer, request .. ':' .. answer, 'PX', 60000)
return answer
