-- Does: takes or renews the lease on the store's migrations. Whoever holds it also notes how far
--       they are.
-- KEYS: 1 meta
-- ARGV: 1 runner  2 now  3 until_ms (of the lease; 0 lets go of it)  4 place ('' is not noted)
--       5 schema (that is reached; '' none)
-- Returns: 1, or 0 if another runner holds the lease, and then nothing has changed. A repeated call
--          answers the same.
local meta = unpack(KEYS)
local runner, now, until_ms, place, schema = unpack(ARGV, 1, 5)
local held = redis.call('HMGET', meta, MetaField.MIGRATOR, MetaField.MIGRATOR_UNTIL)
if held[1] and held[1] ~= runner and tonumber(held[2]) > tonumber(now) then return 0 end
redis.call('HSET', meta, MetaField.MIGRATOR, runner, MetaField.MIGRATOR_UNTIL, until_ms)
if place ~= '' then
  redis.call('HSET', meta, MetaField.MIGRATION, place, MetaField.MIGRATED, now)
end
if schema ~= '' then
  redis.call('HSET', meta, MetaField.SCHEMA, schema)
  redis.call('HDEL', meta, MetaField.MIGRATION, MetaField.MIGRATED)
end
if until_ms == '0' then
  redis.call('HDEL', meta, MetaField.MIGRATOR, MetaField.MIGRATOR_UNTIL)
end
return 1
