-- Does: puts events into the index of terms, but for those that have changed since they were read.
--       A repeated call changes nothing.
-- KEYS: 1 slot (any key of the partition)
-- ARGV: 1 prefix
--       2… per event: id, version (as it was read), terms (all of them, see index_terms), kept
--          (those that its hash is to keep)
-- Returns: those that have changed; one that is gone is none of them.
--#include index_terms
local prefix = unpack(ARGV, 1, 1)
local changed = {}
for i = 2, #ARGV, 4 do
  local id, version, terms, kept = unpack(ARGV, i, i + 3)
  local key = prefix .. 'event:' .. id
  local stored, before = unpack(redis.call('HMGET', key, EventField.VERSION, EventField.TERMS))
  if stored == version then
    index_terms(prefix, id, before or '', terms)
    if kept ~= '' then
      redis.call('HSET', key, EventField.TERMS, kept)
    else
      redis.call('HDEL', key, EventField.TERMS)
    end
  elseif stored then
    changed[#changed + 1] = id
  end
end
return changed
