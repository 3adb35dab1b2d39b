--#include fresh_lease
--#include moment_of
-- read_short(prefix, id, short): as read_occurrence, for one that is stored in short form.
local function read_short(prefix, id, short)
  local _, _, token = fresh_lease(short)
  return {key = prefix .. 'occurrence:' .. id, id = id, event = string.sub(short, 1, 16),
    scheduled = moment_of(id), awaits_attempt = not token, attempts = token and '1',
    lease = token or false, deaths = false, next_attempt = false, tags = false, deferrals = false,
    flow = false, redelivery = false, callback = false, planned = false, origin = false}
end
