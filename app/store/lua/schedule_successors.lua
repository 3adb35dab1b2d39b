-- Does: gives recurring events their next scheduled occurrence, or ends their series.
-- KEYS: 1 unscheduled
-- ARGV: 1 prefix  2 now
--       3… per event: id, plan (that the successor was computed for), before (the id of the
--       occurrence before), successor (its id, '' at the end of the series), scheduled, due
-- Returns: how many were scheduled, then the ids of the events whose successor was under way or
--          over already: they stay unscheduled, and what follows that one is to be asked for. An
--          event that was changed, paused, deleted or given a next occurrence meanwhile is left as
--          it is, so a repeated call does no harm.
--#include schedule_next
--#include give_hash
--#include call_batch
--#include make_due
--#include end_event
local unscheduled = unpack(KEYS)
local prefix, now = unpack(ARGV, 1, 2)
local count, passed, over, batch = 0, {}, {}, {}

-- Returns whether the event still waits for a successor.
local function schedule_successor(key, id, tags, last, bound, successor, scheduled, due)
  local is_new = schedule_next(prefix, successor, id, scheduled, due, tags or '', bound, now, batch)
  if not is_new then give_hash(prefix, successor) end
  if is_new then
    count = count + 1
  elseif redis.call('HGET', prefix .. 'occurrence:' .. successor, OccurrenceField.STATUS) then
    -- It was made beside the schedule, or this call comes late: the series goes on after it.
    local latest = math.max(tonumber(scheduled), tonumber(last or 0))
    redis.call('HSET', key, EventField.LAST, string.format('%.0f', latest))
    redis.call('ZADD', unscheduled, now, id)
    passed[#passed + 1] = id
    return true
  end
  -- (One that was there and not yet claimed is what its event had forgotten.)
  redis.call('HSET', key, EventField.NEXT, scheduled)
  return false
end

local function end_series(key, id, before)
  redis.call('HDEL', key, EventField.RECURRING)
  if redis.call('HEXISTS', prefix .. 'fresh', before) == 1 then return end
  local event, completed = unpack(redis.call('HMGET', prefix .. 'occurrence:' .. before,
    OccurrenceField.EVENT, OccurrenceField.COMPLETED))
  if not event or completed then end_event(prefix, id, now) end
end

for i = 3, #ARGV, 6 do
  local id, plan, before, successor, scheduled, due = unpack(ARGV, i, i + 5)
  local key, still_waits = prefix .. 'event:' .. id, false
  local status, next_ms, tags, stored_plan, last, flow, overlap = unpack(redis.call('HMGET', key,
    EventField.STATUS, EventField.NEXT, EventField.TAGS, EventField.PLAN, EventField.LAST,
    EventField.FLOW, EventField.OVERLAP))
  local is_waiting = status == 'active' and not next_ms
  if is_waiting and stored_plan == plan and successor == '' then
    end_series(key, id, before)
  elseif is_waiting and stored_plan == plan then
    local bound = flow or overlap
    still_waits = schedule_successor(key, id, tags, last, bound, successor, scheduled, due)
  elseif is_waiting then
    still_waits = true
  end
  if not still_waits then over[#over + 1] = id end
end
call_batch('ZREM', unscheduled, over)
make_due(prefix, batch)
return {count, unpack(passed)}
