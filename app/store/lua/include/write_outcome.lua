--#include close_attempt
--#include append_log_line
--#include set_field
-- write_outcome(key, one, is_short, outcome, now): writes what an attempt has come to into the hash
-- of its occurrence, as read_attempt has read that; is_short: it had none before. outcome has
-- verdict, is_open, lease, moment (of the next attempt, or until when to acknowledge), line,
-- status_code, body, message, started and has_waited (for its acknowledgement).
local function write_outcome(key, one, is_short, outcome, now)
  local fields, moment_field = {}, OccurrenceField.COMPLETED
  if is_short then
    fields = {OccurrenceField.EVENT, one.event, OccurrenceField.SCHEDULED, one.scheduled,
      OccurrenceField.ATTEMPTS, 1, OccurrenceField.SERIES, 1, OccurrenceField.TAGS, one.tags}
  end
  if outcome.verdict == 'retrying' then moment_field = OccurrenceField.NEXT_ATTEMPT end
  if outcome.verdict == 'dispatched' then moment_field = OccurrenceField.ACK_DEADLINE end
  local log = append_log_line(one.log, outcome.has_waited, outcome.line)
  close_attempt(key, outcome.has_waited, outcome.line)
  set_field(fields, OccurrenceField.STATUS, outcome.verdict, false)
  set_field(fields, OccurrenceField.LEASE, outcome.lease, not is_short)
  set_field(fields, OccurrenceField.CHANGED, is_short and not outcome.is_open and '' or now, false)
  set_field(fields, moment_field, outcome.moment, true)
  set_field(fields, OccurrenceField.STATUS_CODE, outcome.status_code, one.code)
  set_field(fields, OccurrenceField.RESPONSE_BODY, outcome.body, one.body)
  set_field(fields, OccurrenceField.ERROR, outcome.message, one.message)
  set_field(fields, OccurrenceField.LOG, log, one.log)
  set_field(fields, OccurrenceField.STARTED, outcome.started, false)
  redis.call('HSET', key, unpack(fields))
end
