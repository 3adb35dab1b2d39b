-- close_attempt(key, has_waited, line): clears an occurrence of the attempt that is over: of the
-- deadline to acknowledge it or, without a line for the log, of its number: it was not made.
local function close_attempt(key, has_waited, line)
  if has_waited then
    redis.call('HDEL', key, OccurrenceField.ACK_DEADLINE)
  elseif line == '' then
    local made = redis.call('HINCRBY', key, OccurrenceField.ATTEMPTS, -1)
    if made == 0 then redis.call('HDEL', key, OccurrenceField.STARTED) end
  end
end
