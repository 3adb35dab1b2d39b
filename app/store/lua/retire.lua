-- Does: forgets occurrences that ended before a moment, with all their index entries.
-- KEYS: 1 ended
-- ARGV: 1 prefix  2 ended before  3 how many at most
-- Returns: how many were forgotten; fewer than asked for means that none is left.
--#include under_tags
local prefix = ARGV[1]
local old = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[3])
for _, id in ipairs(old) do
  local key = prefix .. 'occurrence:' .. id
  local o = redis.call('HMGET', key, 'e', 'st', 'tags')
  if o[1] then
    redis.call('ZREM', prefix .. 'occurrences:' .. o[2], id)
    redis.call('ZREM', prefix .. 'event:' .. o[1] .. ':occurrences', id)
    under_tags(prefix, o[3] or '', id, false)
    redis.call('DEL', key)
  end
  redis.call('ZREM', KEYS[1], id)
end
return #old
