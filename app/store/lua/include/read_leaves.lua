--#include leaves_of
--#include leaf_rank
-- read_leaves(key, newest, edge, takes_edge, count): the ids in the leaves of an index that follow
-- an edge, or stand at it (takes_edge), at most so many. newest: the newest come first, and those
-- that stand before the edge follow it. The edge is '' for none.
local function read_leaves(key, newest, edge, takes_edge, count)
  local leaves, before, behind = leaves_of(key)
  local found, name = {}, nil
  if edge ~= '' then
    name = redis.call('ZREVRANGEBYLEX', leaves, '[' .. edge, '-', 'LIMIT', 0, 1)[1]
  end
  if not name and (not newest or edge == '') then
    name = redis.call(newest and 'ZREVRANGE' or 'ZRANGE', leaves, 0, 0)[1]
  end
  while name and #found < count do
    local leaf = redis.call('GET', before .. name .. behind)
    local size = #leaf / 16
    if newest then
      local rank = edge == '' and size or leaf_rank(leaf, edge, takes_edge)
      for at = rank - 1, math.max(rank - count + #found, 0), -1 do
        found[#found + 1] = string.sub(leaf, at * 16 + 1, at * 16 + 16)
      end
      name = redis.call('ZREVRANGEBYLEX', leaves, '(' .. name, '-', 'LIMIT', 0, 1)[1]
    else
      local rank = edge == '' and 0 or leaf_rank(leaf, edge, not takes_edge)
      for at = rank, math.min(rank + count - #found, size) - 1 do
        found[#found + 1] = string.sub(leaf, at * 16 + 1, at * 16 + 16)
      end
      name = redis.call('ZRANGEBYLEX', leaves, '(' .. name, '+', 'LIMIT', 0, 1)[1]
    end
    edge = ''
  end
  return found
end
