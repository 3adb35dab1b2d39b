--#include schedule_next
--#include lose_next
-- follow_known(prefix, batch, now): schedules the successors that leave_next has found to be known.
-- One that was made beside the schedule is passed over by who computes what follows it.
local function follow_known(prefix, batch, now)
  schedule_next(prefix, batch.following, now, batch.due)
  for _, one in ipairs(batch.following) do
    if one.is_new then
      redis.call('HSET', one.key, EventField.NEXT, one.scheduled, EventField.LAST, one.before)
    else
      lose_next(one.key, one.event, one.before, now, batch)
      one.row[9] = 1
    end
  end
end
