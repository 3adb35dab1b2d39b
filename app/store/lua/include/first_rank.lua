--#include is_less
-- first_rank(key, newest, bound, score, member, takes_position): the rank of the first entry of an
-- index that follows a position (score and member; '' for none: the bound says where to begin).
-- newest: the newest come first. takes_position: what stands at the position follows, too. Among
-- those of one score it is found by halving: the position itself need not be in this index.
local function first_rank(key, newest, bound, score, member, takes_position)
  local function count_before(limit)
    if newest then return redis.call('ZCOUNT', key, '(' .. limit, '+inf') end
    return redis.call('ZCOUNT', key, '-inf', '(' .. limit)
  end
  if member == '' then return count_before(bound) end
  local range = newest and 'ZREVRANGE' or 'ZRANGE'
  local before, low, high = count_before(score), 0, redis.call('ZCOUNT', key, score, score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local one = redis.call(range, key, before + middle, before + middle)[1]
    local follows = takes_position
    if one ~= member then follows = newest == is_less(one, member) end
    if follows then high = middle else low = middle + 1 end
  end
  return before + low
end
