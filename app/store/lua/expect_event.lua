-- Does: lists an event in the partition to which it is to go, and keeps all there is of it. It is
--       not there yet: nothing of it is delivered from here.
-- KEYS: 1 key (of its hash here)  2 expected
-- ARGV: 1 prefix  2 id  3 packed (all there is of it)  4 terms (all that it has)
--       5 begun (its partition, now, and a mark of this attempt, with blanks between)
-- Returns: 1; 0 if there is one already, or one is expected, and then nothing has changed.
--#include unpacked_event
--#include list_moving
local key, expected = unpack(KEYS)
local prefix, id, packed, terms, begun = unpack(ARGV, 1, 5)
if redis.call('EXISTS', key) == 1 then return 0 end
local kept = cmsgpack.pack({begun, packed, terms})
if redis.call('HSETNX', expected, id, kept) == 0 then return 0 end
list_moving(prefix, id, unpacked_event(packed), terms, true)
return 1
