-- Does: writes the attempt logs of occurrences as attempts.py does, where an earlier version wrote
--       JSON. A hash is written anew for that, as it would keep its encoding.
-- KEYS: 1 slot (any key of the partition)
-- ARGV: 1 prefix  2… per occurrence: id
-- Returns: how many were changed; a repeated call changes none.
local prefix = unpack(ARGV, 1, 1)
local number = '([%dnul]+)'
local numbers = '^%[' .. string.rep(number .. ',', 8) .. number .. '(.*)%]$'
local changed = 0

local function after(moment, start)
  return moment == 'null' and '' or string.format('%.0f', tonumber(moment) - start)
end

local function present(value) return value == 'null' and '' or value end

local function pack_line(line)
  local attempt, due, started, done, first, dns, connect, tls, code, rest =
    string.match(line, numbers)
  if not attempt then return line end
  local message, claimed = string.match(rest, '^,(.*),([%dnul]+)$')
  if not message then message, claimed = string.match(rest, '^,(.*)$'), 'null' end
  local due_us = tonumber(due)
  local packed = {attempt, due, after(started, due_us), after(done, due_us), after(first, due_us),
    present(dns), present(connect), present(tls), present(code),
    after(claimed, math.floor(due_us / 1000))}
  if message and message ~= 'null' then packed[#packed + 1] = message end
  return table.concat(packed, ',')
end

for i = 2, #ARGV do
  local id = ARGV[i]
  local key = prefix .. 'occurrence:' .. id
  local log = redis.call('HGET', key, OccurrenceField.LOG)
  if log and string.sub(log, 1, 1) == '[' then
    local fields, packed = redis.call('HGETALL', key), string.gsub(log, '[^\n]+', pack_line)
    for at = 1, #fields, 2 do
      if fields[at] == OccurrenceField.LOG then fields[at + 1] = packed end
    end
    redis.call('DEL', key)
    redis.call('HSET', key, unpack(fields))
    changed = changed + 1
  end
end
return changed
