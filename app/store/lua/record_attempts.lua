-- Does: records the outcomes of attempts: ends the occurrence, plans its next attempt or has it
--       wait to be acknowledged. An active event ends with the last occurrence that it has to come.
-- KEYS: 1 claimed  2 ended  3 unacknowledged
-- ARGV: 1 prefix  2 now
--       3… per attempt: id, token (of its lease; 'ack:<attempt>' if it waits to be acknowledged),
--       verdict ('retrying', 'dispatched' to wait, or the status in which the occurrence ends),
--       status_code, body, message, moment (of the next attempt, or until when to acknowledge),
--       line (for the log, or in place of the wait's; '': none was made, or it stays), callback_id,
--       started (when the attempt began; '' if it was not the first), stat (what it counts as,
--       without tags and outcome; see app.domain.stats)
-- Returns: per attempt 1 or, if its lease was lost, 0 (a repeated call): nothing has changed.
--#include give_hash
--#include read_shorts
--#include read_attempt
--#include read_progress
--#include short_end
--#include write_short_ends
--#include leave_short
--#include end_if_complete
--#include write_outcome
--#include add_callback
--#include leave_claimed
--#include call_batch
--#include list_inactive
--#include add_due
--#include make_due
--#include count_stats
local claimed, ended, unacknowledged = unpack(KEYS)
local prefix, now = unpack(ARGV, 1, 2)
local recorded, done, by_status, due, ids, stats = {}, {}, {}, {}, {}, {}
local waits, acknowledged, ends, together, completed, hashes, inactive = {}, {}, {}, {}, {}, {}, {}
for i = 3, #ARGV, 11 do ids[#ids + 1] = ARGV[i] end
local short_of, unfresh = read_shorts(prefix, ids), {}
for i = 3, #ARGV, 11 do
  local id, token, verdict, status_code, body, message, moment, line, callback_id, started,
    stat = unpack(ARGV, i, i + 10)
  local short = short_of[id]
  local one = read_attempt(prefix, id, short)
  if one.lease ~= token then
    recorded[#recorded + 1] = 0
  else
    if short and line == '' then
      give_hash(prefix, id)
      short, short_of[id], one = nil, nil, read_attempt(prefix, id, nil)
    end
    local event, event_key = one.event, prefix .. 'event:' .. one.event
    local next_ms, recurring, event_status, version, queued = read_progress(event_key)
    local is_open = verdict == 'retrying' or verdict == 'dispatched'
    if is_open and not event_status then
      -- What an event that is deleted cancels says so; the attempt's own words are in the log.
      verdict, message = 'cancelled', 'its event was deleted'
    end
    local new_lease, new_short, began = '', nil, started == '' and one.started or started
    if verdict == 'retrying' then
      add_due(due, event, id, moment)
    elseif verdict == 'dispatched' then
      new_lease = 'ack:' .. one.attempts
      waits[#waits + 1] = moment; waits[#waits + 1] = id
    else
      moment = now
      -- The end of a callback says nothing about its event.
      if not one.callback then
        local event_ends = end_if_complete(prefix, event_key, next_ms, recurring, event_status,
          version, queued, now)
        if event_ends then inactive[#inactive + 1] = event end
      end
      if one.is_simple and verdict == 'completed' and message == '' and callback_id == '' then
        new_short = short_end(one, now, began, line, status_code, body)
      end
      if not new_short then ends[#ends + 1] = now; ends[#ends + 1] = id end
    end
    if new_short then
      completed[#completed + 1] = id; completed[#completed + 1] = new_short
      together[#together + 1], short_of[id] = id, new_short
      if not short then hashes[#hashes + 1] = prefix .. 'occurrence:' .. id end
    else
      local has_waited = string.sub(token, 1, 4) == 'ack:'
      if has_waited then acknowledged[#acknowledged + 1] = id end
      if short then leave_short(prefix, id, one, is_open and not recurring, short_of, unfresh) end
      write_outcome(prefix .. 'occurrence:' .. id, one, short, {verdict = verdict, body = body,
        is_open = is_open, lease = new_lease, moment = moment, line = line, message = message,
        status_code = status_code, started = began, has_waited = has_waited}, now)
    end
    if callback_id ~= '' and event_status then
      add_callback(prefix, callback_id, event, id, now, due)
    end
    local listed = by_status[verdict] or {}
    listed[#listed + 1] = one.scheduled; listed[#listed + 1] = id; by_status[verdict] = listed
    stat = (one.tags or '') .. '\t' .. stat .. verdict
    stats[stat] = (stats[stat] or 0) + 1
    done[#done + 1], recorded[#recorded + 1] = id, 1
  end
end

write_short_ends(prefix, completed, together, hashes, now)
call_batch('HDEL', prefix .. 'fresh', unfresh)
leave_claimed(prefix, claimed, done, by_status)
call_batch('ZREM', unacknowledged, acknowledged)
call_batch('ZADD', unacknowledged, waits)
if waits[1] then redis.call('PUBLISH', 'qh:wake', prefix .. waits[1]) end
call_batch('ZADD', ended, ends)
list_inactive(prefix, inactive, now)
make_due(prefix, due)
count_stats(prefix, now, stats)
return recorded
