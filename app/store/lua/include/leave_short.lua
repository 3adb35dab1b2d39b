-- leave_short(prefix, id, one, is_listed, short_of, unfresh): has an occurrence that gets a hash
-- lose its short form with those in unfresh. is_listed: more is to come of the one occurrence of an
-- event, so that its event lists it from now on; see sole_occurrences.py.
local function leave_short(prefix, id, one, is_listed, short_of, unfresh)
  unfresh[#unfresh + 1] = id
  short_of[id] = nil
  if is_listed then
    redis.call('ZADD', prefix .. 'event:' .. one.event .. ':occurrences', one.scheduled, id)
  end
end
