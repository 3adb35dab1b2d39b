--#include leaves_of
--#include is_less
--#include write_leaves
-- change_leaves(key, ids, adds): adds ids, in their order, to the leaves of an index, or takes them
-- out of these. None of them may be there before, or all must be.
local function change_leaves(key, ids, adds)
  local leaves, before, behind = leaves_of(key)
  local at = 1
  while ids[at] do
    local name = redis.call('ZREVRANGEBYLEX', leaves, '[' .. ids[at], '-', 'LIMIT', 0, 1)[1]
    local following = redis.call('ZRANGEBYLEX', leaves, '(' .. ids[at], '+', 'LIMIT', 0, 1)[1]
    local leaf, kept = name and redis.call('GET', before .. name .. behind) or '', {}
    name = name or ids[at]
    for place = 1, #leaf, 16 do
      local one = string.sub(leaf, place, place + 15)
      while adds and ids[at] and is_less(ids[at], one) do
        kept[#kept + 1] = ids[at]
        at = at + 1
      end
      if not adds and one == ids[at] then
        at = at + 1
      else
        kept[#kept + 1] = one
      end
    end
    while adds and ids[at] and not (following and not is_less(ids[at], following)) do
      kept[#kept + 1] = ids[at]
      at = at + 1
    end
    write_leaves(key, name, kept)
  end
  local sizes, change = string.sub(before, 1, -6) .. 'leaf-sizes', adds and #ids or -#ids
  local size = redis.call('HINCRBY', sizes, behind, change)
  if size == 0 then redis.call('HDEL', sizes, behind) end
end
