-- Does: reads what follows a position in indexes, all of them at one moment. It changes nothing.
-- KEYS: 1 slot (one of the indexes)
-- ARGV: 1 order ('newest' or 'oldest' first)  2 bound (the score with which to begin)  3 score
--       4 member (this is the position; '' for none)
--       5 takes_position ('1': what stands at the position is read, too)  6 count (of each index)
--       7… per index: key
-- Returns: per index a list of members and scores, in their order; it may go beyond other bounds.
--#include is_less
local order, bound, score, member, takes_position, count = unpack(ARGV, 1, 6)
local newest = order == 'newest'
local range = newest and 'ZREVRANGE' or 'ZRANGE'

-- Returns how many entries have a score before this one.
local function count_before(key, limit)
  if newest then return redis.call('ZCOUNT', key, '(' .. limit, '+inf') end
  return redis.call('ZCOUNT', key, '-inf', '(' .. limit)
end

local function follows(one)
  if one == member then return takes_position == '1' end
  return newest == is_less(one, member)
end

-- Returns the rank of the first entry to read. Among those of one score it is found by halving:
-- the position itself need not be in this index.
local function first_rank(key)
  if member == '' then return count_before(key, bound) end
  local before = count_before(key, score)
  local low, high = 0, redis.call('ZCOUNT', key, score, score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local one = redis.call(range, key, before + middle, before + middle)[1]
    if follows(one) then high = middle else low = middle + 1 end
  end
  return before + low
end

local found = {}
for i = 7, #ARGV do
  local key = ARGV[i]
  local first = first_rank(key)
  found[#found + 1] = redis.call(range, key, first, first + count - 1, 'WITHSCORES')
end
return found
