-- Does: deletes occurrences whose records are in a page, with all their index entries; or changes
--       nothing, if the page is not as it was read.
-- KEYS: 1 pages  2 page_ends  3 packed
-- ARGV: 1 prefix  2 page  3 known (the SHA-1 of its records)  4 first_ended (of those that stay)
--       5 records (those that stay; '' for none)
--       6… per occurrence: id, event, status, tags
-- Returns: 1, or 0 if nothing was changed. A repeated call changes nothing.
--#include is_page
--#include put_page
--#include index_names
--#include in_leaves
--#include change_leaves
--#include forget_names
local pages, page_ends, packed = unpack(KEYS)
local prefix, page, known, first_ended, records = unpack(ARGV, 1, 5)
if not is_page(packed, page, known) then return 0 end
-- (First of all what needs no memory: else a store that is full would refuse to become smaller.)
redis.call('ZREM', page_ends, page)
put_page(pages, page_ends, packed, page, first_ended, records)
local by_name, events = {}, {}
for i = 6, #ARGV, 4 do
  local id, event, status, tags = unpack(ARGV, i, i + 3)
  for _, name in ipairs(index_names(event, status, tags)) do
    local ids = by_name[name] or {}
    ids[#ids + 1] = id
    by_name[name] = ids
  end
  events[event] = true
end
for name, ids in pairs(by_name) do
  local key, moved = prefix .. name, {}
  local in_leaf = in_leaves(key, ids)
  for _, id in ipairs(ids) do
    if in_leaf[id] then moved[#moved + 1] = id end
  end
  redis.call('ZREM', key, unpack(ids))
  if moved[1] then change_leaves(key, moved, false) end
end
for event in pairs(events) do forget_names(prefix, event) end
return 1
