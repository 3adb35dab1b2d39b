-- Does: moves due occurrences to the claimed set under a lease and returns all that a delivery
--       needs. The same request, sent again, gets the same occurrences again.
-- KEYS: 1 due  2 claimed  3 the worker's last claim
-- ARGV: 1 prefix  2 now  3 how many at most  4 the lease's deadline  5 lease token
--       6 request number
-- Returns: a list of [occurrence, event, scheduled, attempt, doc, meta, tags, secret, whether its
--          successor is to be scheduled, plan, workers that died while they held it, when it was due]
local prefix, now, token = ARGV[1], ARGV[2], ARGV[5]
local due
local last = redis.call('GET', KEYS[3])
local repeated = last and string.sub(last, 1, #ARGV[6] + 1) == ARGV[6] .. ':'
if repeated then
  due = {}
  for at = #ARGV[6] + 2, #last, 16 do
    due[#due + 1] = string.sub(last, at, at + 15)
  end
else
  due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[3])
  if #due == 0 then return {} end
  redis.call('SET', KEYS[3], ARGV[6] .. ':' .. table.concat(due), 'PX', 600000)
end

local claimed = {}
local lease, first, again, dispatched = {}, {}, {}, {}
for _, id in ipairs(due) do
  local key = prefix .. 'occurrence:' .. id
  local o = redis.call('HMGET', key, 'e', 'at', 'n', 'l', 'k', 'na', 'tags')
  if not o[1] then
    redis.call('ZREM', KEYS[1], id)
  elseif not repeated or o[4] == token then
    local event = prefix .. 'event:' .. o[1]
    local e = redis.call('HMGET', event, 'doc', 'meta', 'tags', 'sec', 'rec', 'tv', 'next')
    local series = e[5] and (e[7] == o[2]
      or repeated and o[3] == '1' and not e[7] and redis.call('HGET', event, 'last') == o[2])
    local attempt = tonumber(o[3] or '0')
    if not repeated then
      attempt = attempt + 1
      if attempt == 1 then
        redis.call('HSET', key, 'st', 'dispatched', 'n', attempt, 'l', token, 's', now, 'ch', now,
          'tags', o[7] or e[3] or '')
        redis.call('ZADD', prefix .. 'event:' .. o[1] .. ':occurrences', o[2], id)
        if e[7] == o[2] then
          redis.call('HDEL', event, 'next')
          redis.call('HSET', key, 'sr', 1)
          if e[5] then
            redis.call('HSET', event, 'last', o[2])
            redis.call('ZADD', prefix .. 'unscheduled', now, o[1])
          end
        end
        first[#first + 1] = id
      else
        redis.call('HSET', key, 'st', 'dispatched', 'n', attempt, 'l', token, 'ch', now)
        again[#again + 1] = id
      end
      if o[6] then redis.call('HDEL', key, 'na') end
      lease[#lease + 1] = ARGV[4]; lease[#lease + 1] = id
      dispatched[#dispatched + 1] = o[2]; dispatched[#dispatched + 1] = id
    end
    claimed[#claimed + 1] = {id, o[1], o[2], attempt, e[1], e[2], e[3], e[4], series and 1 or false, e[6], o[5],
      o[6] or repeated and redis.call('HGET', key, 'p') or o[2]}
  end
end
if #lease > 0 then
  redis.call('ZREM', KEYS[1], unpack(due))
  redis.call('ZADD', KEYS[2], unpack(lease))
  redis.call('ZADD', prefix .. 'occurrences:dispatched', unpack(dispatched))
end
if #first > 0 then redis.call('ZREM', prefix .. 'occurrences:scheduled', unpack(first)) end
if #again > 0 then redis.call('ZREM', prefix .. 'occurrences:retrying', unpack(again)) end
return claimed
