-- Does: no more expects an event, which has not left its partition.
-- KEYS: 1 expected
-- ARGV: 1 prefix  2 id
-- Returns: 1; 0 if it is not expected: a repeated call.
--#include unpacked_event
--#include list_moving
local expected = unpack(KEYS)
local prefix, id = unpack(ARGV, 1, 2)
local kept = redis.call('HGET', expected, id)
if not kept then return 0 end
local packed, terms = unpack(cmsgpack.unpack(kept), 2, 3)
list_moving(prefix, id, unpacked_event(packed), terms, false)
redis.call('HDEL', expected, id)
return 1
