--#include is_less
-- leaf_rank(leaf, edge, takes_edge): how many ids of a leaf stand before an edge; with takes_edge
-- also that which is the edge.
local function leaf_rank(leaf, edge, takes_edge)
  local low, high = 0, #leaf / 16
  while low < high do
    local middle = math.floor((low + high) / 2)
    local one = string.sub(leaf, middle * 16 + 1, middle * 16 + 16)
    if is_less(one, edge) or takes_edge and one == edge then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end
