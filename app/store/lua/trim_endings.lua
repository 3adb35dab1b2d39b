-- Does: takes away those members of the endings none of whose occurrences has a short form any
--       more.
-- KEYS: 1 endings
-- ARGV: 1 prefix  2… per member: member
-- Returns: how many were taken away; a repeated call finds none.
local endings = unpack(KEYS)
local prefix = unpack(ARGV, 1, 1)
local count = 0
for i = 2, #ARGV do
  local member = ARGV[i]
  local is_left = false
  for at = 1, #member, 16 do
    local id = string.sub(member, at, at + 15)
    is_left = is_left or redis.call('HEXISTS', prefix .. 'fresh', id) == 1
  end
  if not is_left then
    local taken = redis.call('ZREM', endings, member)
    count = count + taken
  end
end
return count
