-- Does: deletes occurrences that have ended, each if it is still as it ended at a moment, with all
--       their index entries. With an event's last one goes what the event was called.
-- KEYS: 1 ended  2 endings
-- ARGV: 1 prefix
--       2… per occurrence: id, at (when it ended, as the two indexes have it)
-- Returns: how many were deleted. One that was redelivered meanwhile stays.
--#include delete_hash
--#include fresh_lease
--#include has_completed
--#include moment_of
--#include unlist_ended
local ended, endings = unpack(KEYS)
local prefix = unpack(ARGV, 1, 1)
local deleted, moments = 0, {}

local function short_end_at(id)
  local short = redis.call('HGET', prefix .. 'fresh', id)
  if not has_completed(short) then return nil, short end
  local took, _, _, rest = fresh_lease(short)
  return moment_of(id) + took, short, rest
end

local function delete_short(id, at)
  local moment, short, rest = short_end_at(id)
  if moment == tonumber(at) then
    unlist_ended(prefix, id, string.sub(short, 1, 16), 'completed', string.match(rest, '^[^\t]*'))
    redis.call('HDEL', prefix .. 'fresh', id)
    deleted = deleted + 1
  end
end

-- Those of a member of the endings that are still as they ended.
local function rest_of(member, at)
  local rest = {}
  for start = 1, #member, 16 do
    local id = string.sub(member, start, start + 15)
    if short_end_at(id) == tonumber(at) then rest[#rest + 1] = id end
  end
  return table.concat(rest)
end

for i = 2, #ARGV, 2 do
  local id, at = unpack(ARGV, i, i + 1)
  if redis.call('ZSCORE', ended, id) == at then
    if delete_hash(prefix, id) then deleted = deleted + 1 end
    redis.call('ZREM', ended, id)
  end
  delete_short(id, at)
  moments[at] = true
end
for at in pairs(moments) do
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', endings, at, at)) do
    local rest = rest_of(member, at)
    if rest ~= member then
      redis.call('ZREM', endings, member)
      if rest ~= '' then redis.call('ZADD', endings, at, rest) end
    end
  end
end
return deleted
