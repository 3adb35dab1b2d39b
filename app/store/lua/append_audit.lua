-- Does: adds entries to the audit log if they follow the newest one.
-- KEYS: 1 log  2 head  3 done (present once this very request was served)
-- ARGV: 1 first (the first entry's number)  2 previous (the hash that it follows)  3 now
--       4… per entry: entry, hash (its own)
-- Returns: 'added', or 'moved', the newest number and the newest hash, and then nothing has
--          changed. A call repeated with its request answers 'added'.
local log, head, done = unpack(KEYS)
local first, previous, now = unpack(ARGV, 1, 3)
if redis.call('EXISTS', done) == 1 then return {'added'} end
local sequence, newest, newest_at = unpack(redis.call('HMGET', head, AuditHeadField.SEQUENCE,
  AuditHeadField.HASH, AuditHeadField.AT))
sequence, newest = sequence or '0', newest or string.rep('0', 64)
if tonumber(first) ~= tonumber(sequence) + 1 or previous ~= newest then
  return {'moved', sequence, newest}
end
-- Ids rise even if clocks disagree.
local at = string.format('%.0f', math.max(tonumber(now), tonumber(newest_at or '0')))
local number = tonumber(first)
for i = 4, #ARGV, 2 do
  local entry, hash = unpack(ARGV, i, i + 1)
  redis.call('XADD', log, at .. '-' .. string.format('%.0f', number), AuditEntryField.ENTRY, entry,
    AuditEntryField.PREVIOUS, previous, AuditEntryField.HASH, hash)
  previous, number = hash, number + 1
end
redis.call('HSET', head, AuditHeadField.SEQUENCE, string.format('%.0f', number - 1),
  AuditHeadField.HASH, previous, AuditHeadField.AT, at)
redis.call('SET', done, '1', 'PX', 60000)
return {'added'}
