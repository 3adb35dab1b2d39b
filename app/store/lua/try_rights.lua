-- Does: tries commands on a key that is not there, so that who may not run one is told at once, and
--       not when an event is claimed. It leaves nothing.
-- KEYS: 1 absent
-- ARGV: 1… per command: words (the command and its arguments after the key, blanks between)
-- Returns: the refusals, as the server words them.
local absent = unpack(KEYS)
local refusals = {}
for i = 1, #ARGV do
  local words = ARGV[i]
  local call = {}
  for word in string.gmatch(words, '%S+') do call[#call + 1] = word end
  table.insert(call, 2, absent)
  local reply = redis.pcall(unpack(call))
  if type(reply) == 'table' and reply.err then refusals[#refusals + 1] = reply.err end
  redis.pcall('DEL', absent)
end
return refusals
