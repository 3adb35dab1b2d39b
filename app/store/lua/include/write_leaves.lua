--#include leaves_of
-- write_leaves(key, name, ids): writes a leaf of an index in place of what it had; of no ids, there
-- is no such leaf any more. Too many for one become several. Who calls corrects their number.
local function write_leaves(key, name, ids)
  local leaves, before, behind = leaves_of(key)
  if #ids == 0 then
    redis.call('DEL', before .. name .. behind)
    redis.call('ZREM', leaves, name)
    return
  end
  local is_last = not redis.call('ZRANGEBYLEX', leaves, '(' .. name, '+', 'LIMIT', 0, 1)[1]
  -- The last one is filled, as others will follow. Elsewhere there is room for what comes late.
  local size = 1024
  if not is_last then size = math.ceil(#ids / math.ceil(#ids / size)) end
  for at = 1, #ids, size do
    local its = at == 1 and name or ids[at]
    redis.call('SET', before .. its .. behind,
      table.concat(ids, '', at, math.min(at + size - 1, #ids)))
    redis.call('ZADD', leaves, 0, its)
  end
end
