--#include stored_name
--#include fresh_lease
--#include lane_of
--#include moment_of
-- moving_event(prefix, id, occurrence): all there is of an event that may go to another partition,
-- with its scheduled occurrence ('' for none): hash (names and values in their order), name (see
-- stored_name), created, paused (until when; false), and occurrence (false, or id, scheduled, due,
-- short, hash, and listed: its event has begun it before). Else nil and a word: 'gone', 'stays' (it
-- has ended, or is bound to its partition by a key or a flow) or 'busy' (one of its occurrences is
-- under way, or it has another one).
local function moving_event(prefix, id, occurrence)
  local key, scheduled = prefix .. 'event:' .. id, prefix .. 'occurrences:scheduled'
  local version, status, next_ms, flow, own = unpack(redis.call('HMGET', key, EventField.VERSION,
    EventField.STATUS, EventField.NEXT, EventField.FLOW, EventField.KEY))
  if not version then return nil, 'gone' end
  if flow or own or status == 'inactive' then return nil, 'stays' end
  local is_as_read = next_ms and occurrence ~= '' and moment_of(occurrence) == next_ms
  if not is_as_read and (next_ms or occurrence ~= '' or status == 'active') then
    return nil, 'busy'
  end
  local list = key .. ':occurrences'
  local function has_open(open) return redis.call('ZINTER', 2, list, open) end
  local listed = has_open(scheduled)
  if #listed > 1 or listed[1] and listed[1] ~= occurrence
    or #has_open(prefix .. 'occurrences:dispatched') > 0
    or #has_open(prefix .. 'occurrences:retrying') > 0
    or redis.call('ZSCORE', prefix .. 'unscheduled', id) then return nil, 'busy' end

  local function read_hash(of)
    local stored, names, value_of, flat = redis.call('HGETALL', of), {}, {}, {}
    for i = 1, #stored, 2 do
      names[#names + 1], value_of[stored[i]] = stored[i], stored[i + 1]
    end
    table.sort(names)
    for _, name in ipairs(names) do
      flat[#flat + 1] = name; flat[#flat + 1] = value_of[name]
    end
    return flat
  end

  local one = false
  if occurrence ~= '' then
    local state, waits_for = unpack(redis.call('HMGET', prefix .. 'occurrence:' .. occurrence,
      OccurrenceField.STATUS, OccurrenceField.FLOW))
    one = {id = occurrence, listed = #listed > 0,
      scheduled = redis.call('ZSCORE', scheduled, occurrence),
      due = redis.call('ZSCORE', prefix .. 'due:' .. lane_of(id), occurrence),
      short = redis.call('HGET', prefix .. 'fresh', occurrence),
      hash = read_hash(prefix .. 'occurrence:' .. occurrence)}
    local is_open = not state or state == 'scheduled'
    if not one.scheduled or not one.due or waits_for or not is_open
      or one.short and fresh_lease(one.short) then return nil, 'busy' end
  end
  return {hash = read_hash(key), name = stored_name(key), occurrence = one,
    created = redis.call('ZSCORE', prefix .. 'events:' .. status, id),
    paused = redis.call('ZSCORE', prefix .. 'paused', id)}
end
