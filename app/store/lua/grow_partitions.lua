-- Does: raises the number of partitions, in two steps: 'begin' notes what it is going to be and by
--       how many names have theirs, 'end' makes it the number, and notes that events are to be
--       moved. It never falls.
-- KEYS: 1 meta
-- ARGV: 1 wanted  2 step  3 now
-- Returns: 1 if there are so many, or it was done; 0 if nobody has used the store, if it is one
--          that was restored into fewer, or if another number was begun. A repeated call answers
--          the same.
local meta = unpack(KEYS)
local wanted, step, now = unpack(ARGV, 1, 3)
local there = redis.call('HGET', meta, MetaField.PARTITIONS)
if not there or redis.call('HEXISTS', meta, MetaField.FOLDED) == 1 then return 0 end
if tonumber(there) >= tonumber(wanted) then return 1 end
local growing = redis.call('HGET', meta, MetaField.GROWING)
if step == 'begin' then
  if growing and tonumber(growing) > tonumber(wanted) then return 0 end
  redis.call('HSETNX', meta, MetaField.NAMED, there)
  redis.call('HSET', meta, MetaField.GROWING, wanted)
  return 1
end
if growing ~= wanted then return 0 end
local raised = redis.call('HGET', meta, MetaField.RAISED)
redis.call('HSET', meta, MetaField.PARTITIONS, wanted, MetaField.RAISED,
  raised and raised .. ' ' .. there or there, MetaField.MOVING,
  there .. ' ' .. wanted .. ' ' .. now)
redis.call('HDEL', meta, MetaField.GROWING)
return 1
