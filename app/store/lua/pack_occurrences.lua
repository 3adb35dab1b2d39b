-- Does: moves the records of ended occurrences into the page to which they belong, which may be cut
--       into several; or changes nothing, if any of them is not as it was read.
-- KEYS: 1 pages  2 page_ends  3 packed
-- ARGV: 1 prefix  2 page (to which they belong, '' for none)  3 known (the SHA-1 of its records)
--       4 following (the page after it, '' for none)  5 kept (how many entries an index keeps)
--       6… per part: kind ('page', or what an occurrence has: 'short' or 'hash'), name (of the
--       page, or its id), ended (of the first of the page's, or ''), value (the records of the
--       page; the short form; all fields and values of the hash, as they are stored)
-- Returns: 1, or 0 if nothing was changed. A repeated call changes nothing.
--#include is_page
--#include put_page
--#include by_index
--#include change_leaves
--#include call_batch
--#include moment_of
local pages, page_ends, packed = unpack(KEYS)
local prefix, page, known, following, kept = unpack(ARGV, 1, 5)
if page ~= '' and not is_page(packed, page, known) then return 0 end

local function belongs_here(id)
  local before = redis.call('ZREVRANGEBYLEX', pages, '[' .. id, '-', 'LIMIT', 0, 1)[1] or ''
  local after = redis.call('ZRANGEBYLEX', pages, '(' .. id, '+', 'LIMIT', 0, 1)[1] or ''
  return before == page and after == following
end

local function is_as_it_was(kind, id, value)
  if kind == 'short' then return redis.call('HGET', prefix .. 'fresh', id) == value end
  return table.concat(redis.call('HGETALL', prefix .. 'occurrence:' .. id)) == value
end

local parts, by_name, first, last, moments, shorts = {}, {}, nil, nil, {}, {}
for i = 6, #ARGV, 4 do
  local kind, name, ended, value = unpack(ARGV, i, i + 3)
  if kind == 'page' then
    parts[#parts + 1] = {name, ended, value}
  else
    if not is_as_it_was(kind, name, value) then return 0 end
    by_index(prefix, name, kind == 'short' and value, by_name)
    first, last, moments[name] = first or name, name, moment_of(name)
  end
end
-- (They are in order: so all of them belong to the page of the first and the last.)
if not (belongs_here(first) and belongs_here(last)) then return 0 end

-- (First of all what needs no memory: else a store that is full would refuse to become smaller.)
for i = 6, #ARGV, 4 do
  local kind, id = unpack(ARGV, i, i + 1)
  if kind == 'short' then shorts[#shorts + 1] = id end
  if kind == 'hash' then
    redis.call('DEL', prefix .. 'occurrence:' .. id)
    redis.call('ZREM', prefix .. 'ended', id)
  end
end
call_batch('HDEL', prefix .. 'fresh', shorts)
for _, part in ipairs(parts) do put_page(pages, page_ends, packed, unpack(part)) end

-- An index keeps its last entries itself: so few take no more there than in a leaf. What is not in
-- the order of ids, as a callback, stays there too.
for name, ids in pairs(by_name) do
  local key, moved = prefix .. name, {}
  local room = redis.call('ZCARD', key) - kept
  local scores = room > 0 and redis.call('ZMSCORE', key, unpack(ids)) or {}
  for at, score in ipairs(scores) do
    if #moved < room and score == moments[ids[at]] then moved[#moved + 1] = ids[at] end
  end
  if moved[1] then change_leaves(key, moved, true) end
  call_batch('ZREM', key, moved)
end

return 1
