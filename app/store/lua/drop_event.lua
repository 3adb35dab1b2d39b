-- Does: no more expects an event, which has not left its partition. One that was expected anew
--       since then may have: that stays.
-- KEYS: 1 expected
-- ARGV: 1 prefix  2 id  3 begun (as it was expected)
-- Returns: 1; 0 if it is not expected so: a repeated call.
--#include unpacked_event
--#include list_moving
local expected = unpack(KEYS)
local prefix, id, begun = unpack(ARGV, 1, 3)
local kept = redis.call('HGET', expected, id)
if not kept then return 0 end
local since, packed, terms = unpack(cmsgpack.unpack(kept), 1, 3)
if since ~= begun then return 0 end
list_moving(prefix, id, unpacked_event(packed), terms, false)
redis.call('HDEL', expected, id)
return 1
