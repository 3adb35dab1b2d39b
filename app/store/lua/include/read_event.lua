--#include join_pieces
-- read_event(prefix, id): what a claim needs of an event, by name; every value is false if it is
-- gone.
local function read_event(prefix, id)
  local key = prefix .. 'event:' .. id
  local doc, doc_2, doc_3, doc_4, meta, meta_2, meta_3, meta_4, tags, secret, recurring, plan,
    next_ms, flow, headers, overlap, following = unpack(redis.call('HMGET', key,
    EventField.DEFINITION, EventField.DEFINITION_2, EventField.DEFINITION_3,
    EventField.DEFINITION_4, EventField.METADATA, EventField.METADATA_2, EventField.METADATA_3,
    EventField.METADATA_4, EventField.TAGS, EventField.SECRET, EventField.RECURRING,
    EventField.PLAN, EventField.NEXT, EventField.FLOW, EventField.HEADERS, EventField.OVERLAP,
    EventField.FOLLOWING))
  return {key = key, definition = join_pieces(doc, doc_2, doc_3, doc_4),
    metadata = join_pieces(meta, meta_2, meta_3, meta_4), tags = tags, secret = secret,
    recurring = recurring, plan = plan, next = next_ms, flow = flow, headers = headers,
    overlap = overlap, following = following}
end
