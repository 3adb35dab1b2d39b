-- Does: makes ended occurrences due again under the same id. Attempts go on being counted, the
--       retry policy and the deaths of workers start afresh.
-- KEYS: 1 ended
-- ARGV: 1 prefix  2 now  3 request (a word without ':')
--       4 scope (the tags that may be touched, one a line; a newline alone for all)
--       5 origin (of the request that asks for it, '' for none)
--       6… per occurrence: id, due_ms
-- Returns: one word per occurrence: 'retried' (also if this very request has done so before);
--          'completed', 'open', 'early' (its scheduled time has not come), 'gone' (its event was
--          deleted, or one of the two has other tags), 'packed' (its record is in a page: it is
--          to be unpacked first) or 'unknown', and then nothing of it has changed.
--#include has_completed
--#include is_packed
--#include add_due
--#include make_due
local ended = unpack(KEYS)
local prefix, now, request, scope, origin = unpack(ARGV, 1, 5)
local answers, due = {}, {}

local function is_in_scope(tags)
  if scope == '\n' then return true end
  for tag in string.gmatch(tags, '[^\n]+') do
    if not string.find('\n' .. scope .. '\n', '\n' .. tag .. '\n', 1, true) then return false end
  end
  return tags ~= ''
end

local function redeliver(id, due_ms)
  local key = prefix .. 'occurrence:' .. id
  local event, stored_status, scheduled, attempts, redelivery, tags, series = unpack(redis.call(
    'HMGET', key, OccurrenceField.EVENT, OccurrenceField.STATUS, OccurrenceField.SCHEDULED,
    OccurrenceField.ATTEMPTS, OccurrenceField.REDELIVERY, OccurrenceField.TAGS,
    OccurrenceField.SERIES))
  local status = stored_status or 'scheduled'
  if not event then
    local short = redis.call('HGET', prefix .. 'fresh', id)
    if has_completed(short) then return 'completed' end
    if short then return 'open' end
    return is_packed(prefix, id, now) and 'packed' or 'unknown'
  end
  if redelivery and string.match(redelivery, ':([^:]*)$') == request then return 'retried' end
  if status == 'completed' then return 'completed' end
  if status == 'scheduled' or status == 'dispatched' or status == 'retrying' then return 'open' end
  if tonumber(scheduled) > tonumber(now) then return 'early' end
  local version, event_tags = unpack(redis.call('HMGET', prefix .. 'event:' .. event,
    EventField.VERSION, EventField.TAGS))
  if not (version and is_in_scope(tags or '') and is_in_scope(event_tags or '')) then
    return 'gone'
  end
  redis.call('HSET', key, OccurrenceField.STATUS, 'retrying', OccurrenceField.NEXT_ATTEMPT, due_ms,
    OccurrenceField.CHANGED, now,
    OccurrenceField.REDELIVERY, (attempts or '0') .. ':' .. due_ms .. ':' .. request)
  redis.call('HDEL', key, OccurrenceField.COMPLETED, OccurrenceField.DEATHS, OccurrenceField.ORIGIN)
  if origin ~= '' then redis.call('HSET', key, OccurrenceField.ORIGIN, origin) end
  redis.call('ZREM', ended, id)
  redis.call('ZREM', prefix .. 'occurrences:' .. status, id)
  redis.call('ZADD', prefix .. 'occurrences:retrying', scheduled, id)
  if series then
    redis.call('ZADD', prefix .. 'event:' .. event .. ':occurrences', scheduled, id)
  end
  add_due(due, event, id, due_ms)
  return 'retried'
end

for i = 6, #ARGV, 2 do
  local id, due_ms = unpack(ARGV, i, i + 1)
  answers[#answers + 1] = redeliver(id, due_ms)
end
make_due(prefix, due)
return answers
