-- Does: adds entries to the audit log if they follow the newest one.
-- KEYS: 1 log  2 head  3 done (present once this very request was served)  4 intents
-- ARGV: 1 first (the first entry's number)  2 previous (the hash that it follows)  3 now
--       4 wanted (an intent without which nothing is added; '' for none)
--       5… per entry: entry (packed), hash (its own), intent (deleted with it; '' for none)
-- Returns: 'added', 'settled' if the wanted intent is gone, or 'moved', the newest number and the
--          newest hash; but for 'added' nothing has changed. A call repeated with its request
--          answers 'added'.
--#include audit_moved
--#include add_entries
local log, head, done, intents = unpack(KEYS)
local first, previous, now, wanted = unpack(ARGV, 1, 4)
if redis.call('EXISTS', done) == 1 then return {'added'} end
if wanted ~= '' and redis.call('HEXISTS', intents, wanted) == 0 then return {'settled'} end
local moved = audit_moved(head, first, previous)
if moved then return moved end
local entries = {}
for i = 5, #ARGV, 3 do
  local entry, hash, intent = unpack(ARGV, i, i + 2)
  entries[i - 4] = entry; entries[i - 3] = hash; entries[i - 2] = intent
end
add_entries(log, head, intents, first, now, entries)
redis.call('SET', done, '1', 'PX', 60000)
return {'added'}
