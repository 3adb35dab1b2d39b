--#include names_part
-- index_name(prefix, event, old, new): moves an event to its place in the index of names. old and
-- new: what it was called and is called now, see stored_name; false if it is created or deleted. A
-- part of the index that is full is cut in two: so small, it takes a quarter of the memory of a
-- larger one.
local function index_name(prefix, event, old, new)
  if old and old ~= new then
    local entry = old .. '\0' .. event
    local part, bound = names_part(prefix, entry)
    redis.call('ZREM', part, entry)
    if bound ~= '' and redis.call('EXISTS', part) == 0 then
      redis.call('ZREM', prefix .. 'names', bound)
    end
  end
  if not new then return end
  local entry = new .. '\0' .. event
  local part = names_part(prefix, entry)
  if redis.call('ZCARD', part) >= 128 then
    local upper, entries = redis.call('ZRANGE', part, 64, -1), {}
    for _, one in ipairs(upper) do
      entries[#entries + 1] = 0; entries[#entries + 1] = one
    end
    redis.call('ZREMRANGEBYRANK', part, 64, -1)
    redis.call('ZADD', prefix .. 'names', 0, upper[1])
    redis.call('ZADD', prefix .. 'names:' .. upper[1], unpack(entries))
    part = names_part(prefix, entry)
  end
  redis.call('ZADD', part, 0, entry)
end
