-- Does: deletes occurrences that ended before a moment, with all their index entries.
--       With an event's last one goes what the event was called.
-- KEYS: 1 ended  2 endings
-- ARGV: 1 prefix  2 before (the moment)  3 limit (how many at most; of those that ended together
--       none is left behind)
-- Returns: how many were deleted; fewer than asked for means that none is left.
--#include delete_hash
--#include fresh_lease
--#include has_completed
--#include moment_of
--#include unlist_ended
local ended, endings = unpack(KEYS)
local prefix, before, limit = unpack(ARGV, 1, 3)

-- Deletes those of a member of the endings that still have the form in which they ended; returns
-- how many these were.
local function delete_together(member)
  local deleted = {}
  for at = 1, #member, 16 do
    local id = string.sub(member, at, at + 15)
    local short = redis.call('HGET', prefix .. 'fresh', id)
    if has_completed(short) then
      local took, _, _, rest = fresh_lease(short)
      if moment_of(id) + took < tonumber(before) then
        local event, tags = string.sub(short, 1, 16), string.match(rest, '^[^\t]*')
        unlist_ended(prefix, id, event, 'completed', tags)
        deleted[#deleted + 1] = id
      end
    end
  end
  if deleted[1] then redis.call('HDEL', prefix .. 'fresh', unpack(deleted)) end
  redis.call('ZREM', endings, member)
  return #deleted
end

local ids = redis.call('ZRANGEBYSCORE', ended, '-inf', '(' .. before, 'LIMIT', 0, limit)
for _, id in ipairs(ids) do
  delete_hash(prefix, id)
  redis.call('ZREM', ended, id)
end

local count = #ids
while count < tonumber(limit) do
  local member = redis.call('ZRANGEBYSCORE', endings, '-inf', '(' .. before, 'LIMIT', 0, 1)[1]
  if not member then break end
  count = count + delete_together(member)
end
return count
