--#include moment_of
--#include in_leaves
-- is_packed(prefix, id, now): the status of an ended occurrence whose record is in a page, see
-- pages.py; nil for any other. Nothing is packed within an hour of its scheduled time, and of an id
-- that is younger nothing is read: so this costs nothing where occurrences are scheduled as they
-- fall due. (Half an hour, as clocks may differ.)
local function is_packed(prefix, id, now)
  if tonumber(moment_of(id)) + 1800000 > tonumber(now) then return nil end
  if redis.call('EXISTS', prefix .. 'occurrence:' .. id) == 1 then return nil end
  if redis.call('HEXISTS', prefix .. 'fresh', id) == 1 then return nil end
  for _, status in ipairs({'completed', 'failed', 'missed', 'skipped', 'cancelled'}) do
    local index = prefix .. 'occurrences:' .. status
    if redis.call('ZSCORE', index, id) or in_leaves(index, {id})[id] then return status end
  end
end
