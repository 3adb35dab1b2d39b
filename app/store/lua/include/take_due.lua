--#include call_batch
-- take_due(prefix, lanes, now, horizon, limit, passed_over, exact, turn, weights): removes and
-- returns what is due by the horizon, at most limit, from those 64 lanes that have waited longest;
-- if there are more, every second call begins with others, so that each has its turn (it counts the
-- calls). Each of the lanes gives a share by its weight; what one does not use goes to the others.
-- With weights, what a share has beyond a whole number is one more in some of the calls: in which
-- is said by multiples of the golden ratio, which are spread evenly, however few there are.
-- Lanes in passed_over (their numbers, each between two commas) give nothing, and those in exact
-- what is due now. weights is empty if all are equal; else it is the weight of lanes that are not
-- named, a comma, and each named lane as in 7=4, with a comma after it. If there are more than 64
-- lanes, those with more weight are asked in each call, for as much less: they count no more often.
local function take_due(prefix, lanes, now, horizon, limit, passed_over, exact, turn, weights)
  local _, commas = string.gsub(passed_over, ',', '')
  local ids, open, heads, emptied = {}, {}, {}, {}
  local left = tonumber(limit)

  local function is_in(list, lane)
    return list ~= '' and string.find(list, ',' .. lane .. ',', 1, true) ~= nil
  end

  -- Takes at most so many from a lane; returns when its next one is due, if it has one.
  local function take(lane, most, latest)
    local due, taken = prefix .. 'due:' .. lane, {}
    local rows, head = redis.call('ZRANGE', due, 0, most, 'WITHSCORES'), nil
    for i = 1, #rows, 2 do
      if i > 2 * most or tonumber(rows[i + 1]) > latest then
        head = rows[i + 1]
        break
      end
      taken[#taken + 1] = rows[i]
      ids[#ids + 1] = rows[i]
    end
    call_batch('ZREM', due, taken)
    left = left - #taken
    return head
  end

  local named, rest = {}, tonumber(string.match(weights, '^%d+') or 1)
  for lane, weight in string.gmatch(weights, '(%d+)=(%d+)') do named[lane] = tonumber(weight) end

  local first, count = 0, redis.call('ZCOUNT', lanes, '-inf', horizon)
  local pair, is_second = math.floor(tonumber(turn) / 2), tonumber(turn) % 2 == 1
  local is_crowded = count > 64 + commas
  if is_crowded and is_second then first = pair * 64 % count end
  local function is_asked_always(lane) return is_crowded and (named[lane] or 0) > rest end
  for _, lane in ipairs(redis.call('ZRANGEBYSCORE', lanes, '-inf', horizon, 'LIMIT',
    string.format('%.0f', first), 64 + commas)) do
    if not is_in(passed_over, lane) and not is_asked_always(lane) then open[#open + 1] = lane end
  end
  for lane, weight in pairs(named) do
    if is_asked_always(lane) and not is_in(passed_over, lane) then
      local head, calls = redis.call('ZSCORE', lanes, lane), rest * count / (weight * left)
      local is_its_turn = calls < 2 or tonumber(turn) % math.floor(calls) == 0
      if head and tonumber(head) <= tonumber(horizon) and is_its_turn then
        open[#open + 1] = lane
      end
      named[lane] = weight * 64 / count
    end
  end
  local first_heads, offset = {}, tonumber(turn) * 0.6180339887498949 % 1
  while left > 0 and #open > 0 do
    local all, weight, more, up_to, given = left, 0, {}, 0, 0
    for _, lane in ipairs(open) do weight = weight + (named[lane] or rest) end
    for _, lane in ipairs(open) do
      up_to = up_to + (named[lane] or rest)
      local share = math.floor(all * up_to / weight + offset) - given
      given = given + share
      if weights == '' then share = math.max(math.floor(all * rest / weight), 1) end
      if left == 0 then break end
      if share == 0 then
        more[#more + 1] = lane
      else
        local latest = tonumber(is_in(exact, lane) and now or horizon)
        local head = take(lane, math.min(share, left), latest)
        first_heads[lane] = head or false
        if head and tonumber(head) <= latest then more[#more + 1] = lane end
      end
    end
    open = more
  end
  for lane, head in pairs(first_heads) do
    if head then
      heads[#heads + 1] = head; heads[#heads + 1] = lane
    else
      emptied[#emptied + 1] = lane
    end
  end
  call_batch('ZADD', lanes, heads)
  call_batch('ZREM', lanes, emptied)
  return ids
end
