-- overlap(prefix, policy, event, occurrence, at, fresh, deadline, now): gives an occurrence that
-- was just claimed its place, where its event has an overlap policy. While an earlier one that the
-- schedule made is not over, a first attempt (fresh) is not made: the new one is 'skipped' or 'waits', and
-- that is returned. Otherwise it is placed among the claimed, at once and not with the others:
-- the next of this very call may have to cancel it.
local function overlap(prefix, policy, event, occurrence, at, fresh, deadline, now)
  local event_key, key = prefix .. 'event:' .. event, prefix .. 'occurrence:' .. occurrence
  local function open(id)
    local o = redis.call('HMGET', prefix .. 'occurrence:' .. id, 'e', 'st')
    local status = o[2] or 'scheduled'
    local goes_on = status == 'scheduled' or status == 'dispatched' or status == 'retrying'
    return o[1] and goes_on and status
  end
  if fresh and redis.call('HEXISTS', key, 'sr') == 1 then
    local e = redis.call('HMGET', event_key, 'run', 'qd')
    local before = e[1] and e[1] ~= occurrence and open(e[1])
    if before and policy == 'cancel_previous' then
      cancel_one(prefix, e[1], before, 'a newer occurrence has taken its place', now)
    elseif before then
      local full = e[2] and e[2] ~= occurrence and open(e[2]) == 'scheduled'
      redis.call('HDEL', key, 'st', 'n', 'l', 's')
      if policy == 'queue_one' and not full then
        -- It looks again by itself, should nobody have called it when the one before ended.
        local look = string.format('%d', now + 10000)
        redis.call('HSET', key, 'na', look)
        redis.call('HSET', event_key, 'qd', occurrence)
        redis.call('ZADD', prefix .. 'due', look, occurrence)
        return 'waits'
      end
      local message = 'the occurrence before it is not over'
      if policy == 'queue_one' then message = message .. ', and another one waits already' end
      redis.call('HSET', key, 'st', 'skipped', 'err', message, 'c', now)
      redis.call('ZREM', prefix .. 'occurrences:scheduled', occurrence)
      redis.call('ZADD', prefix .. 'occurrences:skipped', at, occurrence)
      redis.call('ZADD', prefix .. 'ended', now, occurrence)
      return 'skipped'
    end
    redis.call('HSET', event_key, 'run', occurrence)
    if e[2] == occurrence then redis.call('HDEL', event_key, 'qd') end
  end
  redis.call('ZREM', prefix .. 'occurrences:' .. (fresh and 'scheduled' or 'retrying'),
    occurrence)
  redis.call('ZADD', prefix .. 'occurrences:dispatched', at, occurrence)
  redis.call('ZADD', prefix .. 'claimed', deadline, occurrence)
end
