-- Does: adds entries to the audit log if they follow the newest one.
-- KEYS: 1 log  2 head  3 done (present once this very request was served)
--       4 intents  5 settled (what the keys begin with of intents that are elsewhere and have
--       their entry)
-- ARGV: 1 first (the first entry's number)  2 previous (the hash that it follows)  3 now
--       4 wanted (an intent without which nothing is added; '' for none)
--       5 known (how long it is known of those elsewhere that they have their entry, ms)
--       6… per entry: entry (packed), hash (its own), intent (deleted with it; '' for none; behind
--       '@' the place, if it is elsewhere)
-- Returns: 'added', 'settled' if the wanted intent is gone, or 'moved', the newest number and the
--          newest hash; but for 'added' nothing has changed. A call repeated with its request
--          answers 'added'.
--#include audit_moved
--#include add_entries
local log, head, done, intents, settled = unpack(KEYS)
local first, previous, now, wanted, known = unpack(ARGV, 1, 5)

local function id_of(intent) return (string.gsub(intent, '@.*', '')) end

if redis.call('EXISTS', done) == 1 then return {'added'} end
if wanted ~= '' then
  local id = id_of(wanted)
  local has_entry = redis.call('EXISTS', settled .. ':' .. id) == 1
  if has_entry then redis.call('HDEL', intents, id) end
  local is_gone = wanted == id and redis.call('HEXISTS', intents, id) == 0
  if has_entry or is_gone then return {'settled'} end
end
local moved = audit_moved(head, first, previous)
if moved then return moved end
local entries = {}
for i = 6, #ARGV, 3 do
  local entry, hash, intent = unpack(ARGV, i, i + 2)
  if string.find(intent, '@', 1, true) then
    redis.call('SET', settled .. ':' .. id_of(intent), '1', 'PX', known)
    intent = ''
  end
  entries[i - 5] = entry; entries[i - 4] = hash; entries[i - 3] = intent
end
add_entries(log, head, intents, first, now, entries)
redis.call('SET', done, '1', 'PX', 60000)
return {'added'}
