-- open_status(prefix, id): the status of an occurrence that has not ended; else false, or nil.
local function open_status(prefix, id)
  local event, status = unpack(redis.call('HMGET', prefix .. 'occurrence:' .. id,
    OccurrenceField.EVENT, OccurrenceField.STATUS))
  status = status or 'scheduled'
  local is_open = status == 'scheduled' or status == 'dispatched' or status == 'retrying'
  return event and is_open and status
end
