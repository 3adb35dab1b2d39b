--#include moment_of
-- known_successor(event, scheduled, now): the id of the occurrence that follows one in the series
-- of its event, and its time, if they were computed before and are yet to come; else nil. See
-- EventField.FOLLOWING.
local function known_successor(event, scheduled, now)
  local following, plan = event.following, event.plan
  if not following or not plan or event.flow or event.overlap then return nil end
  if string.sub(following, 1, #plan) ~= plan then return nil end
  for at = #plan + 1, #following, 16 do
    local id = string.sub(following, at, at + 15)
    local moment = moment_of(id)
    if tonumber(moment) > tonumber(scheduled) then
      return tonumber(moment) > tonumber(now) and id or nil, moment
    end
  end
end
