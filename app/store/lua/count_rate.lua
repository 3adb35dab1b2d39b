-- Does: counts how often an event occurs among all events of its lane, unless that is too often.
-- KEYS: 1 rates (of the lane: event → how often, since when it is counted)
-- ARGV: 1 event  2 rate (occurrences a day; 0: count it no more)  3 now  4 most (a day; 0: any)
-- Returns: 1 if it is counted, 0 if not; how often it was counted to occur before; how often all
--          occur. What occurs no more often than before is always counted.
local rates = unpack(KEYS)
local event, rate, now, most = unpack(ARGV, 1, 4)
rate, most = tonumber(rate), tonumber(most)
local before = tonumber((redis.call('HGET', rates, event) or '0'):match('^%d+'))
local total = tonumber(redis.call('HGET', rates, RateField.TOTAL) or 0)
local more = rate - before
if most > 0 and more > 0 and total + more > most then return {0, before, total} end
if rate == 0 then
  redis.call('HDEL', rates, event)
else
  redis.call('HSET', rates, event, string.format('%.0f:%s', rate, now))
end
redis.call('HINCRBY', rates, RateField.TOTAL, string.format('%.0f', more))
return {1, before, total + more}
