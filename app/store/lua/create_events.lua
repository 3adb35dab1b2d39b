-- Does: creates events, each with its scheduled occurrence and its entry in the audit log, all of
--       them or none.
-- KEYS: 1 log (of the audit)  2 head  3 done (present once this request was served)  4 intents
--       5… per token: revoked (present if it was), barred (the second up to which those of its
--       subject are refused)
-- ARGV: 1 prefix  2 now  3 first (the first entry's number)  4 previous (the hash that it follows)
--       5 made_ttl (ms)
--       6… per event: token (its number among those of KEYS, 0 for none), issued (the second in
--       which that was made), id, created, tags, new_id, scheduled, due, outcome, message, made,
--       made_value, own, terms, entry, hash, intent, count, fields…
--       (tags: one a line; new_id: its occurrence's, '' for none; outcome: 'scheduled' or
--       'missed', with a message; made: an idempotency key, '' for none; own: the key that its user
--       gave it, '' for none; terms: all of them, see index_terms; entry, hash, intent: as in
--       append_audit; count: of the fields and values of its hash, which follow)
-- Returns: 'created'; or 'moved' as append_audit does; or 'refused' and a word for each event:
--          'ok', 'revoked' (its token was), 'stale' (there is one with its id), 'made' (by its
--          idempotency key, before) or 'keyed' (another event has its own key). But for 'created'
--          nothing has changed. A call repeated with its request answers 'created'.
--#include audit_moved
--#include add_entries
--#include index_event
--#include index_event_status
--#include index_name
--#include index_terms
--#include stored_name
--#include list_event_end
--#include schedule_next
--#include add_unattempted
--#include is_keyed
--#include make_due
local log, head, done, intents = unpack(KEYS)
local prefix, now, first, previous, made_ttl = unpack(ARGV, 1, 5)
if redis.call('EXISTS', done) == 1 then return {'created'} end
local moved = audit_moved(head, first, previous)
if moved then return moved end
-- Up to which second each token is refused: itself for good, or with its subject's earlier ones.
local refused_until = {}
for i = 5, #KEYS, 2 do
  local revoked, barred = unpack(KEYS, i, i + 1)
  local until_second = redis.call('GET', barred) or '-1'
  refused_until[#refused_until + 1] = redis.call('EXISTS', revoked) == 1 and math.huge
    or tonumber(until_second)
end

local words, is_refused, used, keyed, events, i = {'refused'}, false, {}, {}, {}, 6
while i <= #ARGV do
  local token, issued, id, created, tags, new_id, scheduled, due, outcome, message, made,
    made_value, own, terms, entry, hash, intent, count = unpack(ARGV, i, i + 17)
  local word, made_key = 'ok', prefix .. 'made:' .. made
  local until_second = refused_until[tonumber(token)]
  if until_second and tonumber(issued) <= until_second then
    word = 'revoked'
  elseif redis.call('EXISTS', prefix .. 'event:' .. id) == 1 then
    word = 'stale'
  elseif made ~= '' and (used[made] or redis.call('EXISTS', made_key) == 1) then
    word = 'made'
  elseif own ~= '' and (keyed[own] or is_keyed(prefix, own, false)) then
    word = 'keyed'
  end
  used[made], keyed[own] = true, true
  words[#words + 1] = word
  is_refused = is_refused or word ~= 'ok'
  events[#events + 1] = {id, created, tags, new_id, scheduled, due, outcome, message,
    made ~= '' and made_key, made_value, own, terms, entry, hash, intent, i + 18, i + 17 + count}
  i = i + 18 + count
end
if is_refused then return words end

local ones, batch, entries = {}, {}, {}
for _, event in ipairs(events) do
  local id, created, tags, new_id, scheduled, due, outcome, message, made, made_value, own, terms,
    entry, hash, intent, from, to = unpack(event)
  local key = prefix .. 'event:' .. id
  redis.call('HSET', key, unpack(ARGV, from, to))
  if made then redis.call('SET', made, made_value, 'PX', made_ttl) end
  if own ~= '' then redis.call('SET', prefix .. 'key:' .. own, id) end
  local calendars, flow, status, paused_until, overlap = unpack(redis.call('HMGET', key,
    EventField.CALENDARS, EventField.FLOW, EventField.STATUS, EventField.PAUSED_UNTIL,
    EventField.OVERLAP))
  index_event_status(prefix, id, created, false, status)
  index_event(prefix, id, created, {}, {tags, calendars, flow})
  index_name(prefix, id, false, stored_name(key))
  index_terms(prefix, id, '', terms)
  list_event_end(prefix, id, status, paused_until, now)
  if new_id ~= '' and outcome == 'scheduled' then
    ones[#ones + 1] = {occurrence = new_id, event = id, scheduled = scheduled, due = due,
      tags = tags, bound = flow or overlap, since = created}
  elseif new_id ~= '' then
    add_unattempted(prefix, new_id, id, scheduled, tags, outcome, message, now)
  end
  entries[#entries + 1] = entry; entries[#entries + 1] = hash; entries[#entries + 1] = intent
end
schedule_next(prefix, ones, now, batch)
make_due(prefix, batch)
add_entries(log, head, intents, first, now, entries)
redis.call('SET', done, '1', 'PX', 60000)
return {'created'}
