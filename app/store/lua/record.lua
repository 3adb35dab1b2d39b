-- Does: records what became of attempts; ends the occurrence, plans its next attempt or has it wait
--       to be acknowledged. An active event for which nothing is left to come ends with its last
--       occurrence.
-- KEYS: 1 claimed  2 due  3 ended  4 unacknowledged
-- ARGV: 1 prefix  2 now  3… per attempt: occurrence, lease token ('ack:' and the attempt's number
--       for one that waits to be acknowledged), verdict ('retrying', 'dispatched' to wait, or a
--       status in which an occurrence ends), status code, response body, error message, next
--       attempt or deadline to acknowledge ('' at the end), one line for the attempt log ('': none
--       was made, or that of the wait stays; else it takes its place), the callback's id or ''
-- Returns: one number per attempt: 1 recorded, 0 the lease was lost (somebody else has it, or
--          this very call was made before) and nothing has changed.
--#include gather
--#include with_line
--#include queued
--#include again
--#include under_tags
--#include schedule
--#include callback
--#include list_ended
local prefix, now = ARGV[1], ARGV[2]
local recorded, done, again, ended, inactive, by_status = {}, {}, {}, {}, {}, {}
local waits, acknowledged, soonest = {}, {}, nil
for i = 3, #ARGV, 9 do
  local id, verdict = ARGV[i], ARGV[i + 2]
  local key = prefix .. 'occurrence:' .. id
  local o = redis.call('HMGET', key, 'l', 'e', 'at', 'log', 'cb')
  if o[1] ~= ARGV[i + 1] then
    recorded[#recorded + 1] = 0
  else
    local event = prefix .. 'event:' .. o[2]
    local e = redis.call('HMGET', event, 'next', 'rec', 'st', 'ver', 'qd')
    local is_over = verdict ~= 'retrying' and verdict ~= 'dispatched'
    if not is_over and not e[3] then verdict = 'cancelled' end
    local when, moment, lease = 'c', now, ''
    local waited = string.sub(o[1], 1, 4) == 'ack:'
    if verdict == 'retrying' then
      when, moment = 'na', ARGV[i + 6]
      again[#again + 1] = moment; again[#again + 1] = id
      if not soonest or tonumber(moment) < tonumber(soonest) then soonest = moment end
    elseif verdict == 'dispatched' then
      when, moment, lease = 'ack', ARGV[i + 6], 'ack:' .. redis.call('HGET', key, 'n')
      waits[#waits + 1] = moment; waits[#waits + 1] = id
    else
      ended[#ended + 1] = now; ended[#ended + 1] = id
      -- The end of a callback says nothing about its event.
      local goes_on = o[5] or e[5] and call_queued(prefix, event, e[5], now) or e[1] or e[2]
      if e[3] == 'active' and not goes_on then
        redis.call('HSET', event, 'st', 'inactive', 'up', now, 'ver', tonumber(e[4]) + 1)
        inactive[#inactive + 1] = o[2]
      end
    end
    if waited then
      redis.call('HDEL', key, 'ack')
      acknowledged[#acknowledged + 1] = id
    elseif ARGV[i + 7] == '' and redis.call('HINCRBY', key, 'n', -1) == 0 then
      redis.call('HDEL', key, 's')
    end
    redis.call('HSET', key, 'st', verdict, 'l', lease, 'ch', now, when, moment, 'code', ARGV[i + 3],
      'body', ARGV[i + 4], 'err', ARGV[i + 5], 'log', with_line(o[4], waited, ARGV[i + 7]))
    if ARGV[i + 8] ~= '' and e[3] then call_back(prefix, ARGV[i + 8], o[2], id, now) end
    local listed = by_status[verdict] or {}
    listed[#listed + 1] = o[3]; listed[#listed + 1] = id
    by_status[verdict] = listed
    done[#done + 1] = id
    recorded[#recorded + 1] = 1
  end
end

-- One call for all, where each member would cost one.
gather('ZREM', KEYS[1], done)
gather('ZREM', KEYS[4], acknowledged)
gather('ZADD', KEYS[4], waits)
if waits[1] then redis.call('PUBLISH', 'qh:wake', waits[1]) end
gather('ZREM', prefix .. 'occurrences:dispatched', done)
for status, listed in pairs(by_status) do gather('ZADD', prefix .. 'occurrences:' .. status, listed) end
gather('ZADD', KEYS[3], ended)
list_ended(prefix, inactive, now)
plan_again(prefix, again, soonest)
return recorded
