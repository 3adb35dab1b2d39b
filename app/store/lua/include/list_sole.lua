--#include moment_of
--#include is_packed
--#include in_leaves
-- list_sole(prefix, event, sole, now): has an event list its one occurrence, if that was claimed or
-- has ended; sole is '' for a series. See sole_occurrences.py.
local function list_sole(prefix, event, sole, now)
  if sole == '' or redis.call('ZSCORE', prefix .. 'occurrences:scheduled', sole) then return end
  local index = prefix .. 'event:' .. event .. ':occurrences'
  if in_leaves(index, {sole})[sole] then return end
  if redis.call('EXISTS', prefix .. 'occurrence:' .. sole) == 1
    or redis.call('HEXISTS', prefix .. 'fresh', sole) == 1 or is_packed(prefix, sole, now) then
    redis.call('ZADD', index, 'NX', moment_of(sole), sole)
  end
end
