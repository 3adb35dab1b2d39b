-- write_short_ends(prefix, forms, ids, hashes, now): stores the short forms of those that have
-- completed, in place of the hashes that some of them had, and lists them together for retention.
-- forms: ids and short forms. It comes first of what a call writes for all: it needs memory, so a
-- store that is full refuses it before these are changed.
local function write_short_ends(prefix, forms, ids, hashes, now)
  if #ids == 0 then return end
  redis.call('HSET', prefix .. 'fresh', unpack(forms))
  redis.call('ZADD', prefix .. 'endings', now, table.concat(ids))
  if #hashes > 0 then redis.call('DEL', unpack(hashes)) end
end
