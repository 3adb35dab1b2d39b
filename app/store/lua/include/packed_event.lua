-- packed_event(event): what moving_event returned, as a text; of one event always the same.
local function packed_event(event)
  local one = event.occurrence
  return cmsgpack.pack({event.hash, event.name, event.created, event.paused, one and {one.id,
    one.scheduled, one.due, one.short, one.hash, one.listed}})
end
