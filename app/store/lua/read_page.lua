-- Does: reads a page of an index and its leaves, by how many entries lie before it. It changes
--       nothing.
-- KEYS: 1 index
-- ARGV: 1 order ('newest' or 'oldest' first)  2 low  3 high (bounds on the score, these included)
--       4 skip (how many lie before the page)  5 count
-- Returns: members and scores, in their order; they may go beyond the bound at the end.
--#include first_rank
--#include first_bytes
--#include leaves_of
--#include leaf_rank
--#include moment_of
--#include read_index
local index = unpack(KEYS)
local order, low, high, skip, count = unpack(ARGV, 1, 5)
local newest = order == 'newest'
local leaves, before, behind = leaves_of(index)
local range = newest and 'ZREVRANGE' or 'ZRANGE'
local bound = newest and high or low
local base = first_rank(index, newest, bound, 0, '', false)
skip = tonumber(skip)

if redis.call('EXISTS', leaves) == 0 then
  return redis.call(range, index, base + skip, base + skip + count - 1, 'WITHSCORES')
end

-- How many entries of the index itself are read before this id of a leaf.
local function own_before(id)
  return first_rank(index, newest, bound, moment_of(id), id, false) - base
end

local from = low ~= '-inf' and first_bytes(low) or ''
local to = high ~= '+inf' and first_bytes(high) .. string.rep('\255', 10)
  or string.rep('\255', 17)
local first = redis.call('ZREVRANGEBYLEX', leaves, '[' .. from, '-', 'LIMIT', 0, 1)[1] or ''
local names = newest and redis.call('ZREVRANGEBYLEX', leaves, '[' .. to, '[' .. first)
  or redis.call('ZRANGEBYLEX', leaves, '[' .. first, '[' .. to)

-- The ids of a leaf within the bounds begin behind so many, and are so many.
local function within(number)
  local key = before .. names[number] .. behind
  local size, start = redis.call('STRLEN', key) / 16, 0
  if number == 1 or number == #names then
    local leaf = redis.call('GET', key)
    start = leaf_rank(leaf, from, false)
    size = leaf_rank(leaf, to, true) - start
  end
  return key, start, size
end

-- Of a leaf, the id of which so many are read before.
local function id_at(key, start, size, number)
  local at = start + (newest and size - 1 - number or number)
  return redis.call('GETRANGE', key, at * 16, at * 16 + 15)
end

-- How many ids of leaves stand at the beginning of the page or before it; the last of them.
local packed, last = 0, nil
for number = 1, #names do
  local key, start, size = within(number)
  local least, most = 0, size
  if size > 0 and packed + size - 1 + own_before(id_at(key, start, size, size - 1)) <= skip then
    least = size
  end
  while least < size and least < most do
    local middle = math.floor((least + most) / 2)
    if packed + middle + own_before(id_at(key, start, size, middle)) <= skip then
      least = middle + 1
    else
      most = middle
    end
  end
  packed = packed + least
  if least > 0 then last = id_at(key, start, size, least - 1) end
  if least < size then break end
end

if last and packed - 1 + own_before(last) == skip then
  return read_index(index, newest, bound, moment_of(last), last, true, tonumber(count))
end
local rank = base + skip - packed
local own = redis.call(range, index, rank, rank, 'WITHSCORES')
if not own[1] then return {} end
return read_index(index, newest, bound, own[2], own[1], true, tonumber(count))
