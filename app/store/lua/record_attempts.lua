-- Does: records the outcomes of attempts: ends the occurrence, plans its next attempt or has it
--       wait to be acknowledged. An active event ends with the last occurrence that it has to come.
-- KEYS: 1 claimed  2 ended  3 unacknowledged
-- ARGV: 1 prefix  2 now
--       3… per attempt: id, token (of its lease; 'ack:<attempt>' if it waits to be acknowledged),
--       verdict ('retrying', 'dispatched' to wait, or the status in which the occurrence ends),
--       status_code, body, message, moment (of the next attempt, or until when to acknowledge),
--       line (for the log, or in place of the wait's; '': none was made, or it stays), callback_id,
--       started (when the attempt began; '' if it was not the first)
-- Returns: per attempt 1 or, if its lease was lost, 0 (a repeated call): nothing has changed.
--#include give_hash
--#include read_shorts
--#include read_attempt
--#include leave_short
--#include end_if_complete
--#include close_attempt
--#include append_log_line
--#include set_field
--#include add_callback
--#include leave_claimed
--#include call_batch
--#include list_inactive
--#include add_due
--#include make_due
local claimed, ended, unacknowledged = unpack(KEYS)
local prefix, now = unpack(ARGV, 1, 2)
local recorded, done, by_status, due = {}, {}, {}, {}
local waits, acknowledged, ends, inactive, ids = {}, {}, {}, {}, {}
for i = 3, #ARGV, 10 do ids[#ids + 1] = ARGV[i] end
local short_of, unfresh = read_shorts(prefix, ids), {}
for i = 3, #ARGV, 10 do
  local id, token, verdict, status_code, body, message, moment, line, callback_id, started =
    unpack(ARGV, i, i + 9)
  local short = short_of[id]
  if short and line == '' then
    give_hash(prefix, id)
    short, short_of[id] = nil, nil
  end
  local one = read_attempt(prefix, id, short)
  if one.lease ~= token then
    recorded[#recorded + 1] = 0
  else
    local key, event, fields = prefix .. 'occurrence:' .. id, one.event, one.fields
    local event_key = prefix .. 'event:' .. event
    local next_ms, recurring, event_status, version, queued = unpack(redis.call('HMGET', event_key,
      EventField.NEXT, EventField.RECURRING, EventField.STATUS, EventField.VERSION,
      EventField.QUEUED))
    local is_open = verdict == 'retrying' or verdict == 'dispatched'
    if is_open and not event_status then
      -- What an event that is deleted cancels says so; the attempt's own words are in the log.
      verdict, message = 'cancelled', 'its event was deleted'
    end
    local new_lease, moment_field = '', OccurrenceField.COMPLETED
    if verdict == 'retrying' then
      moment_field = OccurrenceField.NEXT_ATTEMPT
      add_due(due, event, id, moment)
    elseif verdict == 'dispatched' then
      new_lease = 'ack:' .. one.attempts
      moment_field = OccurrenceField.ACK_DEADLINE
      waits[#waits + 1] = moment; waits[#waits + 1] = id
    else
      moment = now
      ends[#ends + 1] = now; ends[#ends + 1] = id
      -- The end of a callback says nothing about its event.
      if not one.callback then
        local event_ends = end_if_complete(prefix, event_key, next_ms, recurring, event_status,
          version, queued, now)
        if event_ends then inactive[#inactive + 1] = event end
      end
    end
    local has_waited = string.sub(token, 1, 4) == 'ack:'
    if has_waited then acknowledged[#acknowledged + 1] = id end
    close_attempt(key, has_waited, line)
    set_field(fields, OccurrenceField.STATUS, verdict, false)
    set_field(fields, OccurrenceField.LEASE, new_lease, not short)
    set_field(fields, OccurrenceField.CHANGED, short and not is_open and '' or now, false)
    set_field(fields, moment_field, moment, true)
    set_field(fields, OccurrenceField.STATUS_CODE, status_code, one.code)
    set_field(fields, OccurrenceField.RESPONSE_BODY, body, one.body)
    set_field(fields, OccurrenceField.ERROR, message, one.message)
    set_field(fields, OccurrenceField.LOG, append_log_line(one.log, has_waited, line), one.log)
    set_field(fields, OccurrenceField.STARTED, started == '' and one.started or started, false)
    if short then leave_short(prefix, id, one, is_open and not recurring, short_of, unfresh) end
    redis.call('HSET', key, unpack(fields))
    if callback_id ~= '' and event_status then
      add_callback(prefix, callback_id, event, id, now, due)
    end
    local listed = by_status[verdict] or {}
    listed[#listed + 1] = one.scheduled; listed[#listed + 1] = id
    by_status[verdict] = listed
    done[#done + 1] = id
    recorded[#recorded + 1] = 1
  end
end

call_batch('HDEL', prefix .. 'fresh', unfresh)
leave_claimed(prefix, claimed, done, by_status)
call_batch('ZREM', unacknowledged, acknowledged)
call_batch('ZADD', unacknowledged, waits)
if waits[1] then redis.call('PUBLISH', 'qh:wake', waits[1]) end
call_batch('ZADD', ended, ends)
list_inactive(prefix, inactive, now)
make_due(prefix, due)
return recorded
