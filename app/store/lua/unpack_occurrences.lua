-- Does: moves the records of occurrences out of a page, so that they are as before they were
--       packed; or changes nothing, if the page is not as it was read.
-- KEYS: 1 pages  2 page_ends  3 packed
-- ARGV: 1 prefix  2 page  3 known (the SHA-1 of its records)  4 first_ended (of those that stay)
--       5 records (those that stay; '' for none)
--       6… per value: id, ended (when it ended), field (of its hash; '' for its short form),
--       value
-- Returns: 1, or 0 if nothing was changed. A repeated call changes nothing.
--#include is_page
--#include put_page
--#include by_index
--#include in_leaves
--#include change_leaves
--#include moment_of
local pages, page_ends, packed = unpack(KEYS)
local prefix, page, known, first_ended, records = unpack(ARGV, 1, 5)
if not is_page(packed, page, known) then return 0 end
local ids, by_name = {}, {}
-- (What is written first needs memory: a store that is full refuses it, and nothing has changed.)
for i = 6, #ARGV, 4 do
  local id, ended, field, value = unpack(ARGV, i, i + 3)
  if field == '' then
    redis.call('HSET', prefix .. 'fresh', id, value)
    redis.call('ZADD', prefix .. 'endings', ended, id)
  else
    redis.call('HSET', prefix .. 'occurrence:' .. id, field, value)
    redis.call('ZADD', prefix .. 'ended', ended, id)
  end
  if ids[#ids] ~= id then ids[#ids + 1] = id end
end
for _, id in ipairs(ids) do
  by_index(prefix, id, redis.call('HGET', prefix .. 'fresh', id), by_name)
end
for name, its in pairs(by_name) do
  local key, moved = prefix .. name, {}
  local packed = in_leaves(key, its)
  for _, id in ipairs(its) do
    if packed[id] then
      redis.call('ZADD', key, moment_of(id), id)
      moved[#moved + 1] = id
    end
  end
  if moved[1] then change_leaves(key, moved, false) end
end
put_page(pages, page_ends, packed, page, first_ended, records)
return 1
