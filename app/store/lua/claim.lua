-- Does: moves occurrences that are due, or soon will be, to the claimed set under a lease and returns
--       all that a delivery needs; those whose event is in a flow are put to wait for it instead.
--       Before they are due these are left alone, and those with an overlap policy: what decides
--       about them may yet change. The same request, sent again, gets the same occurrences again.
-- KEYS: 1 due  2 claimed  3 the worker's last claim
-- ARGV: 1 prefix  2 now  3 how many at most  4 the lease's deadline  5 lease token
--       6 request number  7 until when what is claimed may be due
-- Returns: a list of [occurrence, event, scheduled, attempt, doc, meta, tags, secret, whether its
--          successor is to be scheduled, plan, workers that died while they held it, when it was
--          due, deferrals, headers, 'attempts made before:since when:' if it was asked for again,
--          'skipped' or 'waits' if an earlier one of its event is not over: it is not claimed, what
--          it tells of if it is a callback, when it was planned if not for its time]; or of [flow]
--          for one that waits for its flow now; or of ['', due] for one that was left alone.
--#include leave_due
--#include cancel
--#include overlap
--#include lease
--#include wait_for_flow
local prefix, now, token = ARGV[1], ARGV[2], ARGV[5]
local due
local last = redis.call('GET', KEYS[3])
local repeated = last and string.sub(last, 1, #ARGV[6] + 1) == ARGV[6] .. ':'
if repeated then
  due = {}
  for at = #ARGV[6] + 2, #last, 16 do
    due[#due + 1] = string.sub(last, at, at + 15)
  end
else
  due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[7], 'LIMIT', 0, ARGV[3])
  if #due == 0 then return {} end
  redis.call('SET', KEYS[3], ARGV[6] .. ':' .. table.concat(due), 'PX', 600000)
  redis.call('ZREM', KEYS[1], unpack(due))
end

local claimed = {}
local take, finish = leases(prefix, now, ARGV[4], token)
for _, id in ipairs(due) do
  local o = redis.call('HMGET', prefix .. 'occurrence:' .. id, unpack(OCCURRENCE))
  if repeated and (o[4] == token or o[9]) then
    claimed[#claimed + 1] = o[9] and {o[9]} or take(id, o, true)
  elseif o[1] and not repeated then
    local e = redis.call('HMGET', prefix .. 'event:' .. o[1], unpack(EVENT))
    local due_ms = o[6] or o[2]
    if (e[8] or e[10]) and not o[11] and tonumber(due_ms) > tonumber(now) then
      redis.call('ZADD', KEYS[1], due_ms, id)
      claimed[#claimed + 1] = {'', due_ms}
    elseif e[8] and not o[11] then
      wait_for_flow(prefix, e[8], o[1], id, o[2], o[3], now)
      claimed[#claimed + 1] = {e[8]}
    else
      claimed[#claimed + 1] = take(id, o, false, e)
    end
  end
end
finish()
return claimed
