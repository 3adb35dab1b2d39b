-- What both claims share. leases(prefix, now, deadline, token) returns two functions:
--   take(id, o, repeated): leases the occurrence with these fields (OCCURRENCE) to the token and
--     returns the row of the answer; with repeated true nothing changes. Given an event's fields
--     (EVENT) it does not read them again.
--   finish(): moves all that were taken between the indexes, one call for each.
local OCCURRENCE = {'e', 'at', 'n', 'l', 'k', 'na', 'tags', 'd', 'w', 'again', 'cb', 'p'}
local EVENT = {'doc', 'meta', 'tags', 'sec', 'rec', 'tv', 'next', 'fl', 'hdr', 'ov'}
local function leases(prefix, now, deadline, token)
  local lease, first, again, dispatched = {}, {}, {}, {}
  local function take(id, o, repeated, e)
    local key, event = prefix .. 'occurrence:' .. id, prefix .. 'event:' .. o[1]
    e = e or redis.call('HMGET', event, unpack(EVENT))
    local planned, held = e[7] == o[2] and not o[11], false
    -- The first answer has made it the event's last; who asks again gets the same answer.
    local series = e[5] and (planned or repeated and o[3] == '1' and not e[7] and not o[11]
      and redis.call('HGET', event, 'last') == o[2])
    local attempt = tonumber(o[3] or '0')
    if not repeated then
      attempt = attempt + 1
      local fresh = attempt == 1 and not o[10]
      if attempt == 1 then
        -- It may be claimed shortly before it is due; it starts no earlier.
        local due = o[6] or o[2]
        local start = tonumber(due) > tonumber(now) and due or now
        local fields = {'st', 'dispatched', 'n', attempt, 'l', token, 's', start, 'ch', now,
          'tags', o[7] or e[3] or ''}
        if planned then fields[13] = 'sr'; fields[14] = 1 end
        redis.call('HSET', key, unpack(fields))
        if not o[11] then
          redis.call('ZADD', prefix .. 'event:' .. o[1] .. ':occurrences', o[2], id)
        end
        if planned then
          redis.call('HDEL', event, 'next')
          if e[5] then
            redis.call('HSET', event, 'last', o[2])
            redis.call('ZADD', prefix .. 'unscheduled', now, o[1])
          end
        end
      else
        redis.call('HSET', key, 'st', 'dispatched', 'n', attempt, 'l', token, 'ch', now)
      end
      if o[6] or o[9] then redis.call('HDEL', key, 'na', 'w') end
      if e[10] and not o[11] then
        held = overlap(prefix, e[10], o[1], id, o[2], fresh, deadline, now) or false
      else
        local listed = fresh and first or again
        listed[#listed + 1] = id
        lease[#lease + 1] = deadline; lease[#lease + 1] = id
        dispatched[#dispatched + 1] = o[2]; dispatched[#dispatched + 1] = id
      end
    end
    return {id, o[1], o[2], attempt, e[1], e[2], e[3], e[4], series and 1 or false, e[6], o[5],
      o[6] or repeated and o[12] or o[2], o[8], e[9], o[10], held, o[11], o[12]}
  end
  local function finish()
    if #lease > 0 then
      redis.call('ZADD', prefix .. 'claimed', unpack(lease))
      redis.call('ZADD', prefix .. 'occurrences:dispatched', unpack(dispatched))
    end
    if #first > 0 then redis.call('ZREM', prefix .. 'occurrences:scheduled', unpack(first)) end
    if #again > 0 then redis.call('ZREM', prefix .. 'occurrences:retrying', unpack(again)) end
  end
  return take, finish
end
