-- Does: says which events bear a name.
-- KEYS: 1 the hash of one of them (the others share its slot and are made from the prefix)
-- ARGV: 1 prefix  2 what the definition of such an event begins with  3… event ids
-- Returns: one number per event: 1 it does, 0 it does not, or is gone. Changes nothing.
local answers, beginning = {}, ARGV[2]
for i = 3, #ARGV do
  local doc = redis.call('HGET', ARGV[1] .. 'event:' .. ARGV[i], 'doc')
  answers[#answers + 1] = doc and string.sub(doc, 1, #beginning) == beginning and 1 or 0
end
return answers
