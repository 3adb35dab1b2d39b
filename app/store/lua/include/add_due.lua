--#include lane_of
-- add_due(batch, event, occurrence, moment): adds an occurrence of an event to a batch of those
-- that are to be attempted at a moment. write_due or make_due stores the batch, {} at first.
local function add_due(batch, event, occurrence, moment)
  local lane = lane_of(event)
  local entries = batch[lane] or {}
  entries[#entries + 1] = moment; entries[#entries + 1] = occurrence
  batch[lane] = entries
end
