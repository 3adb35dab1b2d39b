-- Does: reads the pages that occurrences belong to, and the short forms that these have, at one
--       moment. It changes nothing.
-- KEYS: 1 pages  2 packed  3 fresh
-- ARGV: 1… per occurrence: id
-- Returns: per occurrence its short form (false: none) and its page (false: none); then, after all
--          of them, per page: its name and its records.
local pages, packed, fresh = unpack(KEYS)
local shorts = redis.call('HMGET', fresh, unpack(ARGV))
local found, names, seen = {}, {}, {}
for i = 1, #ARGV do
  local id = ARGV[i]
  local page = redis.call('ZREVRANGEBYLEX', pages, '[' .. id, '-', 'LIMIT', 0, 1)[1] or false
  found[#found + 1] = shorts[i]
  found[#found + 1] = page
  if page and not seen[page] then names[#names + 1] = page end
  if page then seen[page] = true end
end
for _, page in ipairs(names) do
  found[#found + 1] = page
  found[#found + 1] = redis.call('HGET', packed, page)
end
return found
