--#include find_waiting
--#include cancel_occurrence
-- cancel_waiting(prefix, event, status, message, now): cancels the occurrences of an event in one
-- status of which no attempt is under way; see find_waiting.
local function cancel_waiting(prefix, event, status, message, now)
  for _, occurrence in ipairs(find_waiting(prefix, event, status, false)) do
    cancel_occurrence(prefix, occurrence, status, message, now)
  end
end
