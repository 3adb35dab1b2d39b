--#include leaves_of
-- write_leaves(key, name, leaf): writes a leaf of an index in place of what it had; if that is
-- empty, there is no such leaf any more. Too many ids for one become several leaves of about equal
-- size, so there is room for what comes late. Who calls corrects their number.
local function write_leaves(key, name, leaf)
  local leaves, before, behind = leaves_of(key)
  if leaf == '' then
    redis.call('DEL', before .. name .. behind)
    redis.call('ZREM', leaves, name)
    return
  end
  local count = #leaf / 16
  local size = math.ceil(count / math.ceil(count / 1024)) * 16
  for at = 1, #leaf, size do
    local its = at == 1 and name or string.sub(leaf, at, at + 15)
    redis.call('SET', before .. its .. behind, string.sub(leaf, at, at + size - 1))
    redis.call('ZADD', leaves, 0, its)
  end
end
