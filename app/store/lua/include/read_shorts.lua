-- read_shorts(prefix, ids): the short forms of occurrences by their ids; false for one that has
-- none. There must be at least one id.
local function read_shorts(prefix, ids)
  local short_of = {}
  for number, short in ipairs(redis.call('HMGET', prefix .. 'fresh', unpack(ids))) do
    short_of[ids[number]] = short
  end
  return short_of
end
