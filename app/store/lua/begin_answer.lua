-- Does: begins a request that has an idempotency key, unless it is done or under way.
-- KEYS: 1 answer
-- ARGV: 1 fresh (the whole value if the key is new)  2 now
--       3 deadline (when it is given up; 13 digits)  4 by (who does it; 8 bytes)  5 ttl (ms)
--       6 gone (who does it no more, as its process is gone; '' nobody)
--       7 process (of who does it; 8 bytes)
-- Returns: 1 and the value that stands, if the caller is to do the request: it is new, or who did
--          it is gone or has given it up; else 0 and the value. A repeated call answers the same.
local answer = unpack(KEYS)
local fresh, now, deadline, by, ttl, gone, process = unpack(ARGV, 1, 7)
local found = redis.call('GET', answer)
if not found then
  redis.call('SET', answer, fresh, 'PX', ttl)
  return {1, fresh}
end
if found:sub(1, 1) ~= '?' then return {0, found} end
local doing = found:sub(15, 22)
if doing == by then return {1, found} end
if doing ~= gone and tonumber(found:sub(2, 14)) > tonumber(now) then return {0, found} end
local taken = '?' .. deadline .. by .. found:sub(23, 70) .. process .. found:sub(79)
redis.call('SET', answer, taken, 'PX', ttl)
return {1, taken}
