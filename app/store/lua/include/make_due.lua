--#include write_due
-- make_due(prefix, batch): stores what add_due has added to a batch. It wakes the drains if the
-- earliest moment in it is before all that were there.
local function make_due(prefix, batch)
  if not next(batch) then return end
  local head = redis.call('ZRANGE', prefix .. 'lane-heads', 0, 0, 'WITHSCORES')[2]
  local soonest = write_due(prefix, batch)
  if not head or tonumber(soonest) < tonumber(head) then
    redis.call('PUBLISH', 'qh:wake', prefix .. soonest)
  end
end
