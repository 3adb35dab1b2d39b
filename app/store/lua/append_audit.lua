-- Does: adds entries to the audit log if they follow the newest one.
-- KEYS: 1 log  2 head  3 done (present once this very request was served)
--       4 intents (or, if they are not beside the log, what the keys begin with of those of which
--       the entry is known to be written)
-- ARGV: 1 first (the first entry's number)  2 previous (the hash that it follows)  3 now
--       4 wanted (an intent without which nothing is added; '' for none)
--       5 known (how long it is known of an intent that its entry is written, ms; 0: intents are
--       beside the log)
--       6… per entry: entry (packed), hash (its own), intent (deleted with it; '' for none)
-- Returns: 'added', 'settled' if the wanted intent is gone, or 'moved', the newest number and the
--          newest hash; but for 'added' nothing has changed. A call repeated with its request
--          answers 'added'.
--#include audit_moved
--#include add_entries
local log, head, done, intents = unpack(KEYS)
local first, previous, now, wanted, known = unpack(ARGV, 1, 5)
if redis.call('EXISTS', done) == 1 then return {'added'} end
local is_beside = known == '0'
if wanted ~= '' then
  local is_open = is_beside and redis.call('HEXISTS', intents, wanted) == 1
    or not is_beside and redis.call('EXISTS', intents .. ':' .. wanted) == 0
  if not is_open then return {'settled'} end
end
local moved = audit_moved(head, first, previous)
if moved then return moved end
local entries = {}
for i = 6, #ARGV, 3 do
  local entry, hash, intent = unpack(ARGV, i, i + 2)
  if intent ~= '' and not is_beside then
    redis.call('SET', intents .. ':' .. intent, '1', 'PX', known)
    intent = ''
  end
  entries[i - 5] = entry; entries[i - 4] = hash; entries[i - 3] = intent
end
add_entries(log, head, intents, first, now, entries)
redis.call('SET', done, '1', 'PX', 60000)
return {'added'}
