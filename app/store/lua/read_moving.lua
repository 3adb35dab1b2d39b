-- Does: reads an event that is to go to another partition, if it may.
-- KEYS: 1 slot (any key of the partition)
-- ARGV: 1 prefix  2 id  3 occurrence (its scheduled one's, '' for none)
-- Returns: 'moves' and all there is of it, as a text; or one word, see moving_event.
--#include moving_event
--#include packed_event
local prefix, id, occurrence = unpack(ARGV, 1, 3)
local event, why = moving_event(prefix, id, occurrence)
if not event then return {why} end
return {'moves', packed_event(event)}
