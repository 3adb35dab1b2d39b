-- Does: says which events have a name.
-- KEYS: 1 slot (the hash of one of them)
-- ARGV: 1 prefix  2 beginning (of the definition of every event with this name)
--       3… per event: id
-- Returns: one number per event: 1 it has, 0 it has not, or is gone. Changes nothing.
--#include join_pieces
local prefix, beginning = unpack(ARGV, 1, 2)
local answers = {}
for i = 3, #ARGV do
  local id = ARGV[i]
  local definition = join_pieces(unpack(redis.call('HMGET', prefix .. 'event:' .. id,
    EventField.DEFINITION, EventField.DEFINITION_2, EventField.DEFINITION_3,
    EventField.DEFINITION_4)))
  local has_name = definition and string.sub(definition, 1, #beginning) == beginning
  answers[#answers + 1] = has_name and 1 or 0
end
return answers
