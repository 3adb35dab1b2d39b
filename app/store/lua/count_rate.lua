-- Does: counts how often an event occurs among all events of its lane, unless that is too often.
-- KEYS: 1 rates (of the lane: event → how often, since when it is counted, a stamp)
-- ARGV: 1 event  2 rate (occurrences a day; 0: it is counted no more)  3 rest (of its entry, behind
--       the rate)  4 most (a day, of all; 0: any)  5 expected (the entry without which nothing is
--       changed; '': any)  6 least (the rate is no less than it stood: 1, else 0)
-- Returns: 1 if it is counted, 0 if not; its entry now; its entry before; how often all occur.
--          What occurs no more often than before is always counted.
local rates = unpack(KEYS)
local event, rate, rest, most, expected, least = unpack(ARGV, 1, 6)
rate, most = tonumber(rate), tonumber(most)
local stood = redis.call('HGET', rates, event) or ''
local before = tonumber(stood:match('^%d+') or '0')
local total = tonumber(redis.call('HGET', rates, RateField.TOTAL) or 0)
if least == '1' then rate = math.max(rate, before) end
local more = rate - before
if expected ~= '' and stood ~= expected then return {0, stood, stood, total} end
if most > 0 and more > 0 and total + more > most then return {0, stood, stood, total} end
local entry = ''
if rate == 0 then
  redis.call('HDEL', rates, event)
else
  entry = string.format('%.0f', rate) .. rest
  redis.call('HSET', rates, event, entry)
end
redis.call('HINCRBY', rates, RateField.TOTAL, string.format('%.0f', more))
return {1, entry, stood, total + more}
