--#include leaves_of
--#include leaf_rank
--#include is_less
--#include write_leaves
-- change_leaves(key, ids, adds): adds ids, in their order, to the leaves of an index, or takes them
-- out of these. None of them may be there before, or all must be. Most are added behind all others:
-- that looks at no more than the end of a leaf, and what does not fit into it begins the next.
local function change_leaves(key, ids, adds)
  local leaves, before, behind = leaves_of(key)
  local at = 1
  while ids[at] do
    local name = redis.call('ZREVRANGEBYLEX', leaves, '[' .. ids[at], '-', 'LIMIT', 0, 1)[1]
    local following = redis.call('ZRANGEBYLEX', leaves, '(' .. ids[at], '+', 'LIMIT', 0, 1)[1]
    local leaf, its = name and redis.call('GET', before .. name .. behind) or '', {}
    repeat
      its[#its + 1] = ids[at]
      at = at + 1
    until not ids[at] or following and not is_less(ids[at], following)
    if adds and (leaf == '' or is_less(string.sub(leaf, -16), its[1])) then
      if not name or #leaf / 16 + #its > 1024 then name, leaf = its[1], '' end
      leaf = leaf .. table.concat(its)
    elseif adds then
      for _, id in ipairs(its) do
        local rank = leaf_rank(leaf, id, false)
        leaf = string.sub(leaf, 1, rank * 16) .. id .. string.sub(leaf, rank * 16 + 1)
      end
    else
      local kept, next_gone = {}, 1
      for place = 1, #leaf, 16 do
        local one = string.sub(leaf, place, place + 15)
        if one == its[next_gone] then
          next_gone = next_gone + 1
        else
          kept[#kept + 1] = one
        end
      end
      leaf = table.concat(kept)
    end
    write_leaves(key, name, leaf)
  end
  local sizes, change = string.sub(before, 1, -6) .. 'leaf-sizes', adds and #ids or -#ids
  local size = redis.call('HINCRBY', sizes, behind, change)
  if size == 0 then redis.call('HDEL', sizes, behind) end
end
