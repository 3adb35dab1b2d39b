-- Does: tells listeners; what is too old, or more than is kept, is forgotten.
-- KEYS: 1 told
-- ARGV: 1 most (entries that are kept)  2 oldest (the id before which none is)  3 keep (ms after
--       the last of which all of them end)  4… per entry: tags, kind, message
-- Returns: the newest entry's id. A repeated call tells once more.
local told = unpack(KEYS)
local most, oldest, keep = unpack(ARGV, 1, 3)
local newest = ''
for i = 4, #ARGV, 3 do
  local tags, kind, message = unpack(ARGV, i, i + 2)
  local id = redis.call('XADD', told, 'MAXLEN', '~', most, '*', ToldField.TAGS, tags,
    ToldField.KIND, kind, ToldField.MESSAGE, message)
  newest = id
end
redis.call('XTRIM', told, 'MINID', '~', oldest)
redis.call('PEXPIRE', told, keep)
return newest
