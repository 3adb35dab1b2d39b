--#include join_pieces
-- stored_name(key): the name of an event by the key of its hash, as JSON writes it between its
-- quotation marks; false if it is gone. It comes first in every definition.
local function stored_name(key)
  local definition = join_pieces(unpack(redis.call('HMGET', key, EventField.DEFINITION,
    EventField.DEFINITION_2, EventField.DEFINITION_3, EventField.DEFINITION_4)))
  if not definition then return false end
  local first = #'{"name":"' + 1
  local at = first
  while true do
    local found = string.find(definition, '[\\"]', at)
    if not found then return '' end
    if string.byte(definition, found) == 34 then return string.sub(definition, first, found - 1) end
    at = found + 2
  end
end
