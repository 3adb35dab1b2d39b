-- Does: gives recurring events their next scheduled occurrence, or ends their series.
-- KEYS: 1 unscheduled
-- ARGV: 1 prefix  2 now
--       3… per event: id, plan (that the successor was computed for), before (the id of the
--       occurrence before), successor (its id, '' at the end of the series), scheduled, due,
--       later (the ids of those that follow that one, as far as they are computed)
-- Returns: how many were scheduled, then the ids of the events whose successor was under way or
--          over already: they stay unscheduled, and what follows that one is to be asked for. An
--          event that was changed, paused, deleted or given a next occurrence meanwhile is left as
--          it is, so a repeated call does no harm.
--#include schedule_next
--#include give_hash
--#include has_completed
--#include call_batch
--#include is_packed
--#include make_due
--#include end_event
--#include set_field
local unscheduled = unpack(KEYS)
local prefix, now = unpack(ARGV, 1, 2)
local count, passed, over, seen, ones, due_batch = 0, {}, {}, {}, {}, {}

local function end_series(key, id, before)
  redis.call('HDEL', key, EventField.RECURRING, EventField.FOLLOWING)
  local short = redis.call('HGET', prefix .. 'fresh', before)
  if short and not has_completed(short) then return end
  local event, completed = unpack(redis.call('HMGET', prefix .. 'occurrence:' .. before,
    OccurrenceField.EVENT, OccurrenceField.COMPLETED))
  if not event or completed then end_event(prefix, id, now) end
end

-- Returns whether an event's successor is no longer to come: it has completed, or it has a hash
-- that says so, or its record is in a page.
local function is_passed(one)
  if has_completed(redis.call('HGET', prefix .. 'fresh', one.occurrence)) then return true end
  if is_packed(prefix, one.occurrence, now) then return true end
  give_hash(prefix, one.occurrence)
  return redis.call('HGET', prefix .. 'occurrence:' .. one.occurrence, OccurrenceField.STATUS)
end

for i = 3, #ARGV, 7 do
  local id, plan, before, successor, scheduled, due, later = unpack(ARGV, i, i + 6)
  local key = prefix .. 'event:' .. id
  local status, next_ms, tags, stored_plan, flow, overlap = unpack(redis.call('HMGET', key,
    EventField.STATUS, EventField.NEXT, EventField.TAGS, EventField.PLAN, EventField.FLOW,
    EventField.OVERLAP))
  local is_waiting = status == 'active' and not next_ms
  if is_waiting and stored_plan == plan and successor ~= '' and not seen[id] then
    ones[#ones + 1] = {event = id, key = key, occurrence = successor, scheduled = scheduled,
      due = due, tags = tags or '', bound = flow or overlap,
      following = later ~= '' and plan .. later}
    seen[id] = true
  elseif is_waiting and stored_plan == plan and successor == '' then
    end_series(key, id, before)
  end
  if not is_waiting or successor == '' and stored_plan == plan then over[#over + 1] = id end
end
schedule_next(prefix, ones, now, due_batch)
for _, one in ipairs(ones) do
  if one.is_new then count = count + 1 end
  if not one.is_new and is_passed(one) then
    -- It was made beside the schedule, or this call comes late: the series goes on after it.
    local last = redis.call('HGET', one.key, EventField.LAST)
    local latest = math.max(tonumber(one.scheduled), tonumber(last or 0))
    redis.call('HSET', one.key, EventField.LAST, string.format('%.0f', latest))
    redis.call('ZADD', unscheduled, now, one.event)
    passed[#passed + 1] = one.event
  else
    -- (One that was there and not yet claimed is what its event had forgotten.)
    local fields = {EventField.NEXT, one.scheduled}
    set_field(fields, EventField.FOLLOWING, one.following or '', false)
    redis.call('HSET', one.key, unpack(fields))
    over[#over + 1] = one.event
  end
end
call_batch('ZREM', unscheduled, over)
make_due(prefix, due_batch)
return {count, unpack(passed)}
