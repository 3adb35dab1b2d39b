-- Does: returns claimed occurrences: those whose lease has expired, due at once, and those that a
--       worker returns unsent, due when it says; these do not count as an attempt.
-- KEYS: 1 claimed
-- ARGV: 1 prefix  2 now  3 limit (how many expired ones at most, 0 for none)
--       4… per occurrence returned unsent: id, token (of its lease), due_ms, reason (why it was
--       deferred, '' if it was not)
-- Returns: for each returned unsent 1, or 0 if its lease was lost; then how many expired came back.
--#include give_hash
--#include call_batch
--#include leave_claimed
--#include add_due
--#include write_due
local claimed = unpack(KEYS)
local prefix, now, limit = unpack(ARGV, 1, 3)
local answer, done, due, by_status = {}, {}, {}, {scheduled = {}, retrying = {}}

local function release(id, event, status, scheduled, due_ms)
  local listed = by_status[status]
  listed[#listed + 1] = scheduled; listed[#listed + 1] = id
  done[#done + 1] = id
  add_due(due, event, id, due_ms)
end

-- The attempt that was not made is not counted, but its deferrals are.
local function release_unsent(
  id, event, attempt, redelivery, scheduled, deferrals, due_ms, reason)
  local key, status = prefix .. 'occurrence:' .. id, 'retrying'
  local fields = {OccurrenceField.NEXT_ATTEMPT, due_ms, OccurrenceField.CHANGED, now}
  local function set(field, value) fields[#fields + 1] = field; fields[#fields + 1] = value end
  if attempt <= 1 and not redelivery then
    status = 'scheduled'
    redis.call('HDEL', key, OccurrenceField.STATUS, OccurrenceField.ATTEMPTS,
      OccurrenceField.STARTED, OccurrenceField.LEASE)
  else
    set(OccurrenceField.STATUS, 'retrying')
    set(OccurrenceField.ATTEMPTS, attempt - 1)
    redis.call('HDEL', key, OccurrenceField.LEASE)
  end
  if reason ~= '' then
    local before = string.match(deferrals or '', '^' .. attempt .. ':(%d+)$')
    set(OccurrenceField.DEFERRALS, attempt .. ':' .. (tonumber(before or '0') + 1))
    set(OccurrenceField.DEFERRAL_REASON, reason)
  end
  redis.call('HSET', key, unpack(fields))
  release(id, event, status, scheduled, due_ms)
end

for i = 4, #ARGV, 4 do
  local id, token, due_ms, reason = unpack(ARGV, i, i + 3)
  give_hash(prefix, id)
  local event, attempts, redelivery, scheduled, deferrals, lease = unpack(redis.call('HMGET',
    prefix .. 'occurrence:' .. id, OccurrenceField.EVENT, OccurrenceField.ATTEMPTS,
    OccurrenceField.REDELIVERY, OccurrenceField.SCHEDULED, OccurrenceField.DEFERRALS,
    OccurrenceField.LEASE))
  answer[#answer + 1] = lease == token and 1 or 0
  if lease == token then
    release_unsent(id, event, tonumber(attempts), redelivery, scheduled, deferrals, due_ms, reason)
  end
end

local expired = 0
if limit ~= '0' then
  call_batch('ZREM', claimed, done)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', claimed, '-inf', now, 'LIMIT', 0, limit)) do
    local key = prefix .. 'occurrence:' .. id
    give_hash(prefix, id)
    local scheduled, status, event = unpack(redis.call('HMGET', key, OccurrenceField.SCHEDULED,
      OccurrenceField.STATUS, OccurrenceField.EVENT))
    if scheduled and status == 'dispatched' then
      redis.call('HINCRBY', key, OccurrenceField.DEATHS, 1)
      redis.call('HDEL', key, OccurrenceField.LEASE)
      redis.call('HSET', key, OccurrenceField.STATUS, 'retrying', OccurrenceField.NEXT_ATTEMPT, now,
        OccurrenceField.CHANGED, now)
      release(id, event, 'retrying', scheduled, now)
      expired = expired + 1
    else
      done[#done + 1] = id
    end
  end
end
leave_claimed(prefix, claimed, done, by_status)
local soonest = write_due(prefix, due)
if soonest then redis.call('PUBLISH', 'qh:wake', prefix .. soonest) end
answer[#answer + 1] = expired
return answer
