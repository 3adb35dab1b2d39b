--#include index_names
--#include fresh_lease
-- by_index(prefix, id, short, found): notes an ended occurrence that has a short form, or else a
-- hash, under each of its indexes in found, which has lists of ids.
local function by_index(prefix, id, short, found)
  local event, status, tags
  if short then
    local _, _, _, rest = fresh_lease(short)
    event, status, tags = string.sub(short, 1, 16), 'completed', string.match(rest, '^[^\t]*')
  else
    event, status, tags = unpack(redis.call('HMGET', prefix .. 'occurrence:' .. id,
      OccurrenceField.EVENT, OccurrenceField.STATUS, OccurrenceField.TAGS))
  end
  for _, name in ipairs(index_names(event, status, tags or '')) do
    local ids = found[name] or {}
    ids[#ids + 1] = id
    found[name] = ids
  end
end
