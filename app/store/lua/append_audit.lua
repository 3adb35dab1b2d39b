-- Does: adds entries to the audit log if they follow the newest one.
-- KEYS: 1 log  2 head  3 done (present once this very request was served)  4 intents
-- ARGV: 1 first (the first entry's number)  2 previous (the hash that it follows)  3 now
--       4 wanted (an intent without which nothing is added; '' for none)
--       5… per entry: entry (packed), hash (its own), intent (deleted with it; '' for none)
-- Returns: 'added', 'settled' if the wanted intent is gone, or 'moved', the newest number and the
--          newest hash; but for 'added' nothing has changed. A call repeated with its request
--          answers 'added'.
local log, head, done, intents = unpack(KEYS)
local first, previous, now, wanted = unpack(ARGV, 1, 4)
if redis.call('EXISTS', done) == 1 then return {'added'} end
if wanted ~= '' and redis.call('HEXISTS', intents, wanted) == 0 then return {'settled'} end
local sequence, newest, newest_at = unpack(redis.call('HMGET', head, AuditHeadField.SEQUENCE,
  AuditHeadField.HASH, AuditHeadField.AT))
sequence, newest = sequence or '0', newest or string.rep('0', 64)
if tonumber(first) ~= tonumber(sequence) + 1 or previous ~= newest then
  return {'moved', sequence, newest}
end
-- Ids rise even if clocks disagree.
local at = string.format('%.0f', math.max(tonumber(now), tonumber(newest_at or '0')))
local number = tonumber(first)
for i = 5, #ARGV, 3 do
  local entry, hash, intent = unpack(ARGV, i, i + 2)
  redis.call('XADD', log, at .. '-' .. string.format('%.0f', number), AuditEntryField.PACKED, entry)
  if intent ~= '' then redis.call('HDEL', intents, intent) end
  previous, number = hash, number + 1
end
redis.call('HSET', head, AuditHeadField.SEQUENCE, string.format('%.0f', number - 1),
  AuditHeadField.HASH, previous, AuditHeadField.AT, at)
redis.call('SET', done, '1', 'PX', 60000)
return {'added'}
