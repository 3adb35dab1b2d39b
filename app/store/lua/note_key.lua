-- Does: notes that a key is about to encrypt something, unless that would leave the store with keys
--       of which the caller does not have all.
-- KEYS: 1 meta
-- ARGV: 1 field (the key's)  2… per key that the caller has: known (its field)
-- Returns: 1 if it is noted; 0 if it was not, and another key is that the caller does not have. A
--          repeated call changes nothing.
local meta = unpack(KEYS)
local field = unpack(ARGV, 1, 1)
if redis.call('HEXISTS', meta, field) == 1 then return 1 end
local has = {}
for i = 2, #ARGV do
  local known = ARGV[i]
  has[known] = true
end
for _, noted in ipairs(redis.call('HKEYS', meta)) do
  if noted:sub(1, 5) == 'seal:' and not has[noted] then return 0 end
end
redis.call('HSET', meta, field, 1)
return 1
