-- Does: gives recurring events their next scheduled occurrence, or ends their series.
-- KEYS: 1 the unscheduled set
-- ARGV: 1 prefix  2 now  3… per event: event id, its plan, the occurrence before, the next
--       occurrence's id ('' for the end of the series), scheduled, due
-- Returns: how many were scheduled. An event that was changed, paused, deleted or given a next
--          occurrence meanwhile is left as it is, so a repeated call does no harm.
--#include schedule
--#include end_event
local prefix, now, scheduled = ARGV[1], ARGV[2], 0
for i = 3, #ARGV, 6 do
  local id, before, successor = ARGV[i], ARGV[i + 2], ARGV[i + 3]
  local key = prefix .. 'event:' .. id
  local e = redis.call('HMGET', key, 'st', 'next', 'tags', 'tv')
  if e[1] == 'active' and not e[2] and e[4] == ARGV[i + 1] then
    if successor == '' then
      redis.call('HDEL', key, 'rec')
      local o = redis.call('HMGET', prefix .. 'occurrence:' .. before, 'e', 'st')
      local status = o[2] or o[1] and 'scheduled'
      if status ~= 'scheduled' and status ~= 'dispatched' and status ~= 'retrying' then
        end_event(prefix, id, now)
      end
    elseif schedule(prefix, successor, id, ARGV[i + 4], ARGV[i + 5], e[3] or '') then
      redis.call('HSET', key, 'next', ARGV[i + 4])
      scheduled = scheduled + 1
    elseif not redis.call('HGET', prefix .. 'occurrence:' .. successor, 'st') then
      -- It is scheduled already, only its event had forgotten.
      redis.call('HSET', key, 'next', ARGV[i + 4])
    end
  end
  if e[1] ~= 'active' or e[2] or e[4] == ARGV[i + 1] then
    redis.call('ZREM', KEYS[1], id)
  end
end
return scheduled
