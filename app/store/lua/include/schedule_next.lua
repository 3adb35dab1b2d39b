--#include schedule_occurrence
--#include fresh_lease
--#include make_way
--#include is_packed
--#include add_due
--#include moment_of
--#include call_batch
-- schedule_next(prefix, ones, now, due): as schedule_occurrence, for those that are to be their
-- events' next: they are stored in short form, all at once, if that says it all. Of each, ones has
-- occurrence, event, scheduled, due, tags, and bound: the event has a flow or an overlap policy,
-- which will add to it; and since, if it is not there since now. No event comes twice. Each gets
-- is_new; what is new is added to due.
local function schedule_next(prefix, ones, now, due)
  local short, ids, keys = {}, {}, {}
  for _, one in ipairs(ones) do
    local id, scheduled, since = one.occurrence, one.scheduled, one.since or now
    if is_packed(prefix, id, now) then
      one.is_new = false
    elseif one.bound or one.due ~= scheduled or moment_of(id) ~= scheduled then
      one.is_new = schedule_occurrence(prefix, id, one.event, scheduled, one.due, one.tags, since,
        due)
    else
      short[#short + 1], ids[#ids + 1], keys[#keys + 1] = one, id, prefix .. 'occurrence:' .. id
    end
  end
  if #short == 0 then return end

  local fresh, listed = prefix .. 'fresh', prefix .. 'occurrences:scheduled'
  local forms, scores, by_tag = {}, {}, {}
  local has_hash = redis.call('EXISTS', unpack(keys)) > 0
  local before = redis.call('HMGET', fresh, unpack(ids))
  for number, one in ipairs(short) do
    local id, form, scheduled = one.occurrence, before[number], one.scheduled
    local since = one.since or now
    one.is_new = not has_hash or make_way(prefix, id, one.event)
    -- (One that is not listed was taken away by an earlier version, which knows no short forms.)
    if form and (fresh_lease(form) or redis.call('ZSCORE', listed, id)) then one.is_new = false end
    if one.is_new then
      forms[#forms + 1] = id
      forms[#forms + 1] = one.event .. (since ~= moment_of(one.event) and since or '')
      scores[#scores + 1] = scheduled; scores[#scores + 1] = id
      for tag in string.gmatch(one.tags, '[^\n]+') do
        local tagged = by_tag[tag] or {}
        tagged[#tagged + 1] = scheduled; tagged[#tagged + 1] = id
        by_tag[tag] = tagged
      end
      add_due(due, one.event, id, scheduled)
    end
  end
  call_batch('HSET', fresh, forms)
  call_batch('ZADD', listed, scores)
  for tag, tagged in pairs(by_tag) do
    redis.call('ZADD', prefix .. 'tag:' .. tag .. ':occurrences', unpack(tagged))
  end
end
