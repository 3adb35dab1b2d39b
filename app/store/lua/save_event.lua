-- Does: creates or replaces one event together with its scheduled occurrence, or changes nothing.
-- KEYS: 1 key (the event's hash)  2 made (or nothing: what an idempotency key has made)
-- ARGV: 1 prefix  2 id  3 expected_version (0 to create)  4 expected_next ('' for none)
--       5 request (its id)  6 now  7 created  8 tags (one a line)
--       9 mode ('keep' or 'replace' the scheduled occurrence)  10 scheduled_id ('' for none)
--       11 new_id (the new one's, '' for none)  12 scheduled  13 due
--       14 outcome ('scheduled' or 'missed')  15 message (for 'missed')
--       16 made_value  17 made_ttl (ms)
--       18 reason (why occurrences end that the event has no more)
--       19 records_scheduled ('1': the scheduled one is recorded as cancelled if it is taken away)
--       20 must_be_new ('1': the new one may not exist already)
--       21 withdraws ('all' that wait, or those 'judged')
--       22 passed (what its series had come to and has no more; see record_passed_over)
--       23 former (what it was called, as it is kept; '': it still is)  24 names_ttl (ms)
--       25 own (the key that its user gave a new event, '' for none)
--       26 hosts (the terms of those that it had)  27 terms (all that it has now; see index_terms)
--       28 sole (the one occurrence that it had, see list_sole; '' for none)
--       29 judged (a string: per occurrence that waits its id, then '1' to keep it or '0')
--       30… per field of the event's hash: field, value
-- Returns: 'saved'; 'gone', 'stale' (another version), 'moved' (another next occurrence), 'made'
--          (by that idempotency key, before), 'keyed' (another event has that key), 'taken' (the
--          new occurrence exists already) or a list (per occurrence that waits and was not judged:
--          its id, its scheduled time), and then nothing has changed. A call repeated with its
--          request id answers 'saved'.
--#include list_sole
--#include index_event
--#include index_event_status
--#include index_name
--#include index_terms
--#include stored_name
--#include leave_flow
--#include retag_occurrence
--#include is_taken
--#include is_keyed
--#include read_judged
--#include find_waiting
--#include find_unjudged
--#include withdraw_occurrences
--#include record_passed_over
--#include schedule_next
--#include make_due
--#include add_unattempted
--#include list_event_end
--#include remember_name
local key, made = unpack(KEYS)
local prefix, id, expected_version, expected_next, request, now, created, tags, mode, scheduled_id,
  new_id, scheduled, due, outcome, message, made_value, made_ttl, reason, records_scheduled,
  must_be_new, withdraws, passed, former, names_ttl, own, hosts, terms, sole,
  judged = unpack(ARGV, 1, 29)
local version, next_ms, stored_tags, last_request, calendars, plan, flow, recurring, status,
  kept_terms, moved = unpack(redis.call('HMGET', key, EventField.VERSION, EventField.NEXT,
  EventField.TAGS, EventField.REQUEST, EventField.CALENDARS, EventField.PLAN, EventField.FLOW,
  EventField.RECURRING, EventField.STATUS, EventField.TERMS, EventField.MOVED))
local old_tags, keep = stored_tags or '', mode == 'keep'
if last_request == request then return 'saved' end
if expected_version == '0' then
  if version or moved then return 'stale' end
  if is_keyed(prefix, own, made) then return 'keyed' end
  if made then
    local is_first = redis.call('SET', made, made_value, 'NX', 'PX', made_ttl)
    if not is_first then return 'made' end
  end
else
  if not version then return 'gone' end
  if version ~= expected_version then return 'stale' end
  local needs_next = not keep or old_tags ~= tags
  if needs_next and (next_ms or '') ~= expected_next then return 'moved' end
end
local is_planned = new_id ~= '' and outcome == 'scheduled'
local is_other = is_planned and must_be_new == '1' and new_id ~= scheduled_id
if is_other and is_taken(prefix, new_id, now) then return 'taken' end
local waiting, kept = {}, read_judged(judged)
if version and not keep then waiting = find_waiting(prefix, id, 'scheduled', true) end
local unjudged = withdraws == 'judged' and find_unjudged(prefix, waiting, kept) or {}
if #unjudged > 0 then return unjudged end

local name = version and stored_name(key)
if version then
  list_sole(prefix, id, sole, now)
  -- What its series has reached stays. (A new event begins with HSET, which a full store refuses.)
  redis.call('HDEL', key, EventField.DEFINITION_2, EventField.DEFINITION_3,
    EventField.DEFINITION_4, EventField.METADATA, EventField.METADATA_2, EventField.METADATA_3,
    EventField.METADATA_4, EventField.TAGS, EventField.UPDATED,
    EventField.RECURRING, EventField.SECRET, EventField.CALENDARS, EventField.PAUSED_UNTIL,
    EventField.FLOW, EventField.HEADERS, EventField.OVERLAP, EventField.TERMS)
  if not keep then redis.call('HDEL', key, EventField.NEXT, EventField.LAST, EventField.PLAN,
    EventField.FOLLOWING) end
end
redis.call('HSET', key, unpack(ARGV, 30))
if own ~= '' then redis.call('SET', prefix .. 'key:' .. own, id) end
if keep and not recurring then redis.call('HDEL', key, EventField.RECURRING) end
local new_calendars, new_flow, new_status, paused_until, goes_on, overlap = unpack(redis.call(
  'HMGET', key, EventField.CALENDARS, EventField.FLOW, EventField.STATUS, EventField.PAUSED_UNTIL,
  EventField.RECURRING, EventField.OVERLAP))
-- (Successors are computed for a plan: what has none needs no name for it, and gets none of those
-- that are being computed for the one before.)
if goes_on and not (keep and plan) then redis.call('HSET', key, EventField.PLAN, request) end
index_event_status(prefix, id, created, status, new_status)
index_event(prefix, id, created, {old_tags, calendars, flow}, {tags, new_calendars, new_flow})
index_name(prefix, id, name, stored_name(key))
index_terms(prefix, id, hosts .. (kept_terms or ''), terms)
list_event_end(prefix, id, new_status, paused_until, now)

if keep and next_ms then
  if old_tags ~= tags then retag_occurrence(prefix, scheduled_id, next_ms, old_tags, tags) end
elseif not keep then
  withdraw_occurrences(prefix, id, {id = scheduled_id, at = expected_next, tags = old_tags,
    is_recorded = records_scheduled == '1' and scheduled_id ~= new_id}, waiting, kept, reason, now)
  record_passed_over(prefix, id, passed, old_tags, reason, now)
  redis.call('ZREM', prefix .. 'unscheduled', id)
  if is_planned then
    local batch, one = {}, {occurrence = new_id, event = id, scheduled = scheduled, due = due,
      tags = tags, bound = new_flow or overlap}
    schedule_next(prefix, {one}, now, batch)
    make_due(prefix, batch)
    if one.is_new then redis.call('HSET', key, EventField.NEXT, scheduled) end
  elseif new_id ~= '' then
    add_unattempted(prefix, new_id, id, scheduled, tags, outcome, message, now)
  end
end
if flow and flow ~= new_flow then
  leave_flow(prefix, id, flow, keep and scheduled_id or '', now)
end
remember_name(prefix, id, former, now, names_ttl)
return 'saved'
