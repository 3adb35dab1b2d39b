-- Does: gives recurring events their next scheduled occurrence, or ends their series.
-- KEYS: 1 the unscheduled set
-- ARGV: 1 prefix  2 now  3… per event: event id, its plan, the occurrence before, the next
--       occurrence's id ('' for the end of the series), scheduled, due
-- Returns: how many were scheduled. An event whose next occurrence was under way or over already
--          stays unscheduled: what follows that one is to be asked for. An event that was changed,
--          paused, deleted or given a next occurrence meanwhile is left as it is, so a repeated
--          call does no harm.
--#include under_tags
--#include schedule
--#include list_ended
--#include end_event
local prefix, now, scheduled = ARGV[1], ARGV[2], 0
for i = 3, #ARGV, 6 do
  local id, before, successor = ARGV[i], ARGV[i + 2], ARGV[i + 3]
  local key, passed = prefix .. 'event:' .. id, false
  local e = redis.call('HMGET', key, 'st', 'next', 'tags', 'tv', 'last')
  if e[1] == 'active' and not e[2] and e[4] == ARGV[i + 1] then
    if successor == '' then
      redis.call('HDEL', key, 'rec')
      local o = redis.call('HMGET', prefix .. 'occurrence:' .. before, 'e', 'c')
      if not o[1] or o[2] then end_event(prefix, id, now) end
    elseif schedule(prefix, successor, id, ARGV[i + 4], ARGV[i + 5], e[3] or '') then
      redis.call('HSET', key, 'next', ARGV[i + 4])
      scheduled = scheduled + 1
    elseif not redis.call('HGET', prefix .. 'occurrence:' .. successor, 'st') then
      -- It is scheduled already, only its event had forgotten.
      redis.call('HSET', key, 'next', ARGV[i + 4])
    else
      -- It was made beside the schedule, or this call comes late: the series goes on after it.
      local last = math.max(tonumber(ARGV[i + 4]), tonumber(e[5] or 0))
      redis.call('HSET', key, 'last', string.format('%.0f', last))
      redis.call('ZADD', KEYS[1], now, id)
      passed = true
    end
  end
  if not passed and (e[1] ~= 'active' or e[2] or e[4] == ARGV[i + 1]) then
    redis.call('ZREM', KEYS[1], id)
  end
end
return scheduled
