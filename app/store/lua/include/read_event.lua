-- read_event(prefix, id): what a claim needs of an event, by name; every value is false if it is
-- gone.
local function read_event(prefix, id)
  local key = prefix .. 'event:' .. id
  local definition, metadata, tags, secret, recurring, plan, next_ms, flow, headers, overlap =
    unpack(redis.call('HMGET', key, EventField.DEFINITION,
    EventField.METADATA, EventField.TAGS, EventField.SECRET, EventField.RECURRING,
    EventField.PLAN, EventField.NEXT, EventField.FLOW, EventField.HEADERS, EventField.OVERLAP))
  return {key = key, definition = definition, metadata = metadata, tags = tags, secret = secret,
    recurring = recurring, plan = plan, next = next_ms, flow = flow, headers = headers,
    overlap = overlap}
end
