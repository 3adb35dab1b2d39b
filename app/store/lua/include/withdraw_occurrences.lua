--#include unschedule_occurrence
--#include add_unattempted
--#include cancel_occurrence
-- withdraw_occurrences(prefix, event, scheduled, waiting, kept, reason, now): takes away what an
-- event was to do. scheduled has the id of its scheduled occurrence ('' for none), its time (at),
-- its tags, and whether it is recorded as cancelled; of those that wait, kept ones stay.
local function withdraw_occurrences(prefix, event, scheduled, waiting, kept, reason, now)
  if scheduled.id ~= '' then
    local was_there = unschedule_occurrence(prefix, scheduled.id, scheduled.tags)
    if was_there then
      -- (It is listed there if its event had begun it before, and got it back.)
      redis.call('ZREM', prefix .. 'event:' .. event .. ':occurrences', scheduled.id)
    end
    if was_there and scheduled.is_recorded then
      add_unattempted(prefix, scheduled.id, event, scheduled.at, scheduled.tags, 'cancelled',
        reason, now)
    end
  end
  for _, occurrence in ipairs(waiting) do
    if occurrence ~= scheduled.id and kept[occurrence] ~= '1' then
      cancel_occurrence(prefix, occurrence, 'scheduled', reason, now)
    end
  end
end
