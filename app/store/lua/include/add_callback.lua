--#include schedule_occurrence
-- add_callback(prefix, callback, event, occurrence, now, due): adds a callback to the event: an
-- occurrence that is due now and reports the end of another as it was just recorded. It is added to
-- the batch due, too; see schedule_occurrence. A second call with the same id adds none.
local function add_callback(prefix, callback, event, occurrence, now, due)
  local status, scheduled, attempts, status_code, message, own_tags = unpack(redis.call('HMGET',
    prefix .. 'occurrence:' .. occurrence, OccurrenceField.STATUS, OccurrenceField.SCHEDULED,
    OccurrenceField.ATTEMPTS, OccurrenceField.STATUS_CODE, OccurrenceField.ERROR,
    OccurrenceField.TAGS))
  local tags = own_tags or ''
  local is_new = schedule_occurrence(prefix, callback, event, now, now, tags, now, due)
  if is_new then
    local report = table.concat({status, scheduled, now, attempts, status_code or '',
      message or ''}, '\n')
    redis.call('HSET', prefix .. 'occurrence:' .. callback, OccurrenceField.CALLBACK,
      occurrence .. report, OccurrenceField.TAGS, tags)
  end
end
