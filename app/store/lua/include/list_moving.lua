--#include index_event
--#include index_event_status
--#include index_name
--#include index_terms
-- list_moving(prefix, id, event, terms, is_there): puts an event that unpacked_event has read into
-- the indexes of events of a partition, or takes it out of them. terms: all that it has.
local function list_moving(prefix, id, event, terms, is_there)
  local its = event.of_field
  local status, names = its[EventField.STATUS], {its[EventField.TAGS] or false,
    its[EventField.CALENDARS] or false, its[EventField.FLOW] or false}
  if is_there then
    index_event_status(prefix, id, event.created, false, status)
    index_event(prefix, id, event.created, {}, names)
    index_name(prefix, id, false, event.name)
    index_terms(prefix, id, '', terms)
  else
    index_event_status(prefix, id, '', status, false)
    index_event(prefix, id, '', names, {})
    index_name(prefix, id, event.name, false)
    index_terms(prefix, id, terms, '')
  end
end
