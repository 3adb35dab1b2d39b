-- audit_moved(head, first, previous): returns false if entries follow the newest one of the audit
-- log, else what a script answers then: 'moved', the newest number and the newest hash. first is
-- the number of the first entry, previous the hash that it follows.
local function audit_moved(head, first, previous)
  local sequence, newest = unpack(redis.call('HMGET', head, AuditHeadField.SEQUENCE,
    AuditHeadField.HASH))
  sequence, newest = sequence or '0', newest or string.rep('0', 64)
  if tonumber(first) ~= tonumber(sequence) + 1 or previous ~= newest then
    return {'moved', sequence, newest}
  end
  return false
end
