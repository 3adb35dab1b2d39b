-- is_page(packed, page, known): whether a page still has what was read of it; known is the SHA-1 of
-- that.
local function is_page(packed, page, known)
  local records = redis.call('HGET', packed, page)
  return records and redis.sha1hex(records) == known
end
