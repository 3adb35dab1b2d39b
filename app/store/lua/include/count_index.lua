--#include first_bytes
--#include leaves_of
--#include leaf_rank
-- count_index(key, low, high): how many entries an index has between two scores (these included),
-- also in its leaves.
local function count_index(key, low, high)
  local count = redis.call('ZCOUNT', key, low, high)
  local leaves, before, behind = leaves_of(key)
  if not leaves or redis.call('EXISTS', leaves) == 0 then return count end
  if low == '-inf' and high == '+inf' then
    local prefix = string.sub(before, 1, -6)
    return count + tonumber(redis.call('HGET', prefix .. 'leaf-sizes', behind))
  end
  local from, to, first = '-', '+', nil
  if low ~= '-inf' then
    from = first_bytes(low)
    first = redis.call('ZREVRANGEBYLEX', leaves, '[' .. from, '-', 'LIMIT', 0, 1)[1]
  end
  if high ~= '+inf' then to = first_bytes(high) .. string.rep('\255', 10) end
  local names = redis.call('ZRANGEBYLEX', leaves, first and '[' .. first or '-',
    to == '+' and to or '[' .. to)
  for number, name in ipairs(names) do
    local key_of_leaf = before .. name .. behind
    local size = redis.call('STRLEN', key_of_leaf) / 16
    if number == 1 and from ~= '-' then
      size = size - leaf_rank(redis.call('GET', key_of_leaf), from, false)
    end
    if number == #names and to ~= '+' then
      local leaf = redis.call('GET', key_of_leaf)
      size = size - #leaf / 16 + leaf_rank(leaf, to, true)
    end
    count = count + size
  end
  return count
end
