--#include leaves_of
--#include leaf_rank
-- in_leaves(key, ids): which of these ids the leaves of an index have, as a set.
local function in_leaves(key, ids)
  local leaves, before, behind = leaves_of(key)
  local found, name, leaf = {}, nil, ''
  if not leaves or redis.call('EXISTS', leaves) == 0 then return found end
  for _, id in ipairs(ids) do
    local its = redis.call('ZREVRANGEBYLEX', leaves, '[' .. id, '-', 'LIMIT', 0, 1)[1]
    if its and its ~= name then
      name, leaf = its, redis.call('GET', before .. its .. behind)
    end
    if its then
      local rank = leaf_rank(leaf, id, false)
      if string.sub(leaf, rank * 16 + 1, rank * 16 + 16) == id then found[id] = true end
    end
  end
  return found
end
