--#include part_of
--#include is_less
-- list_entry(index, entry): puts an entry into an index in parts. A part that is full is cut in
-- two: so small, it takes a quarter of the memory of a larger one. What comes behind all of a full
-- part begins the next: so parts stay full where entries come in their order.
local function list_entry(index, entry)
  local part = part_of(index, entry)
  if redis.call('ZCARD', part) >= 128 and not redis.call('ZSCORE', part, entry) then
    local bound, upper = entry, {}
    if is_less(entry, redis.call('ZRANGE', part, -1, -1)[1]) then
      local moved = redis.call('ZRANGE', part, 64, -1)
      for _, one in ipairs(moved) do upper[#upper + 1] = 0; upper[#upper + 1] = one end
      redis.call('ZREMRANGEBYRANK', part, 64, -1)
      bound = moved[1]
      redis.call('ZADD', index .. ':' .. bound, unpack(upper))
    end
    redis.call('ZADD', index, 0, bound)
    part = part_of(index, entry)
  end
  redis.call('ZADD', part, 0, entry)
end
