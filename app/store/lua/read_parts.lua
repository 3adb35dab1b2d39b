-- Does: reads entries of an index in parts, at most count of them, in one order or the other.
-- KEYS: 1 index
-- ARGV: 1 order ('newest' or 'oldest' first, of those that begin alike: the last or the first)
--       2 first  3 last (between which entries, in the order of bytes, as ZRANGEBYLEX has them)
--       4 count
-- Returns: the entries; each ends with an event's id. Changes nothing.
--#include is_less
local index = unpack(KEYS)
local order, first, last, count = unpack(ARGV, 1, 4)
local found = {}
count = tonumber(count)

local function take(part, command, from, to)
  for _, one in ipairs(redis.call(command, part, from, to, 'LIMIT', 0, count - #found)) do
    found[#found + 1] = one
  end
end

local function read_up()
  local from, bound = first, redis.call('ZREVRANGEBYLEX', index, '[' .. string.sub(first, 2), '-',
    'LIMIT', 0, 1)[1] or ''
  while bound do
    take(index .. ':' .. bound, 'ZRANGEBYLEX', from, last)
    bound = redis.call('ZRANGEBYLEX', index, '(' .. bound, '+', 'LIMIT', 0, 1)[1]
    if #found >= count or bound and not is_less(bound, string.sub(last, 2) .. '\0') then return end
    from = bound and '[' .. bound
  end
end

local function read_down()
  local to = last
  repeat
    local bound = redis.call('ZREVRANGEBYLEX', index, to, '-', 'LIMIT', 0, 1)[1] or ''
    take(index .. ':' .. bound, 'ZREVRANGEBYLEX', to, first)
    to = '(' .. bound
  until #found >= count or not is_less(string.sub(first, 2), bound)
end

if order == 'newest' then read_down() else read_up() end
return found
