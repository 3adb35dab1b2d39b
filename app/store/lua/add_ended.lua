-- Does: adds an occurrence that ended long ago, from the archive; one that is there stays as it is.
--       Retention counts from now.
-- KEYS: 1 slot (any key of the partition)
-- ARGV: 1 prefix  2 now  3 id  4 event  5 scheduled  6 status  7 tags (one a line)
--       8 listed ('1': by its event)
--       9… per field: name, value (of its hash)
-- Returns: how many were added, 1 or 0.
--#include index_occurrence_tags
--#include in_leaves
local prefix, now, id, event, scheduled, status, tags, listed = unpack(ARGV, 1, 8)
local key = prefix .. 'occurrence:' .. id
for _, any in ipairs({'scheduled', 'dispatched', 'retrying', 'completed', 'failed', 'missed',
  'skipped', 'cancelled'}) do
  local index = prefix .. 'occurrences:' .. any
  if redis.call('ZSCORE', index, id) or in_leaves(index, {id})[id] then return 0 end
end
redis.call('HSET', key, unpack(ARGV, 9))
redis.call('ZADD', prefix .. 'occurrences:' .. status, scheduled, id)
if listed == '1' then
  redis.call('ZADD', prefix .. 'event:' .. event .. ':occurrences', scheduled, id)
end
index_occurrence_tags(prefix, tags, id, scheduled)
redis.call('ZADD', prefix .. 'ended', now, id)
return 1
