-- Does: reads entries of the index of names, at most count of them, in one order or the other.
-- KEYS: 1 slot (any key of the partition)
-- ARGV: 1 prefix  2 order ('newest' or 'oldest' first, of those with the same name)
--       3 first  4 last (between which entries, in the order of bytes, as ZRANGEBYLEX has them)
--       5 count
-- Returns: the entries: a name, a null byte and an event's id. Changes nothing.
--#include is_less
local prefix, order, first, last, count = unpack(ARGV, 1, 5)
local names, found = prefix .. 'names', {}
count = tonumber(count)

local function take(part, command, from, to)
  for _, one in ipairs(redis.call(command, part, from, to, 'LIMIT', 0, count - #found)) do
    found[#found + 1] = one
  end
end

local function read_up()
  local from, bound = first, redis.call('ZREVRANGEBYLEX', names, '[' .. string.sub(first, 2), '-',
    'LIMIT', 0, 1)[1] or ''
  while bound do
    take(prefix .. 'names:' .. bound, 'ZRANGEBYLEX', from, last)
    bound = redis.call('ZRANGEBYLEX', names, '(' .. bound, '+', 'LIMIT', 0, 1)[1]
    if #found >= count or bound and not is_less(bound, string.sub(last, 2) .. '\0') then return end
    from = bound and '[' .. bound
  end
end

local function read_down()
  local to = last
  repeat
    local bound = redis.call('ZREVRANGEBYLEX', names, to, '-', 'LIMIT', 0, 1)[1] or ''
    take(prefix .. 'names:' .. bound, 'ZREVRANGEBYLEX', to, first)
    to = '(' .. bound
  until #found >= count or not is_less(string.sub(first, 2), bound)
end

if order == 'newest' then read_down() else read_up() end
return found
