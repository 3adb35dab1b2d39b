-- Does: records what became of attempts; ends the occurrence or plans its next attempt.
-- KEYS: 1 claimed  2 due  3 ended
-- ARGV: 1 prefix  2 now  3… per attempt: occurrence, lease token, verdict ('retrying' or a
--       status in which an occurrence ends), status code, response body, error message, next attempt ('' unless
--       retrying), one line for the attempt log
-- Returns: one number per attempt: 1 recorded, 0 the lease was lost (somebody else has it, or
--          this very call was made before) and nothing has changed.
--#include end_event
local prefix, now = ARGV[1], ARGV[2]
local recorded = {}
for i = 3, #ARGV, 8 do
  local id, verdict = ARGV[i], ARGV[i + 2]
  local key = prefix .. 'occurrence:' .. id
  local o = redis.call('HMGET', key, 'l', 'e', 'at', 'log')
  if o[1] ~= ARGV[i + 1] then
    recorded[#recorded + 1] = 0
  else
    local event = prefix .. 'event:' .. o[2]
    local e = redis.call('HMGET', event, 'next', 'rec', 'st')
    local fields = {'ch', now, 'code', ARGV[i + 3], 'body', ARGV[i + 4], 'err', ARGV[i + 5],
      'log', (o[4] or '') .. ARGV[i + 7]}
    if verdict == 'retrying' and not e[3] then
      verdict = 'cancelled'
    end
    if verdict == 'retrying' then
      fields[#fields + 1] = 'na'; fields[#fields + 1] = ARGV[i + 6]
      local head = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
      redis.call('ZADD', KEYS[2], ARGV[i + 6], id)
      if not head or tonumber(ARGV[i + 6]) < tonumber(head) then
        redis.call('PUBLISH', 'qh:wake', ARGV[i + 6])
      end
    else
      fields[#fields + 1] = 'c'; fields[#fields + 1] = now
      redis.call('ZADD', KEYS[3], now, id)
      if e[3] == 'active' and not e[1] and not e[2] then end_event(prefix, o[2], now) end
    end
    redis.call('ZREM', KEYS[1], id)
    redis.call('ZREM', prefix .. 'occurrences:dispatched', id)
    redis.call('ZADD', prefix .. 'occurrences:' .. verdict, o[3], id)
    redis.call('HSET', key, 'st', verdict, unpack(fields))
    redis.call('HDEL', key, 'l')
    recorded[#recorded + 1] = 1
  end
end
return recorded
