--#include add_unattempted
-- record_passed_over(prefix, event, passed, tags, reason, now): records as cancelled what a series
-- had come to and has no more. passed is a string: per occurrence its id and its scheduled time in
-- 13 digits. Those that exist already stay as they are.
local function record_passed_over(prefix, event, passed, tags, reason, now)
  for at = 1, #passed, 29 do
    local occurrence = string.sub(passed, at, at + 15)
    local scheduled = string.sub(passed, at + 16, at + 28)
    add_unattempted(prefix, occurrence, event, scheduled, tags, 'cancelled', reason, now)
  end
end
