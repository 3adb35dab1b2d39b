-- make_due(due, entries, earliest): adds occurrences to those that are due, given as scores and
-- members. It wakes the drains if the earliest score is before all that were there. No entries:
-- nil.
local function make_due(due, entries, earliest)
  if not earliest then return end
  local head = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')[2]
  redis.call('ZADD', due, unpack(entries))
  if not head or tonumber(earliest) < tonumber(head) then
    redis.call('PUBLISH', 'qh:wake', earliest)
  end
end
