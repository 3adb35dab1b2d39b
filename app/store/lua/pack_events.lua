-- Does: stores the long values of events in pieces, as pieces.py does, where an earlier version
--       stored them as one. A hash is written anew for that, as it would keep its encoding.
-- KEYS: 1 slot (any key of the partition)
-- ARGV: 1 prefix  2… per event: id
-- Returns: how many were changed; a repeated call changes none.
local prefix = unpack(ARGV, 1, 1)
local pieces = {
  [EventField.DEFINITION] = {EventField.DEFINITION, EventField.DEFINITION_2,
    EventField.DEFINITION_3, EventField.DEFINITION_4},
  [EventField.METADATA] = {EventField.METADATA, EventField.METADATA_2,
    EventField.METADATA_3, EventField.METADATA_4}}
local changed = 0

local function is_to_be_cut(value) return value and #value > 64 and #value <= 256 end

for i = 2, #ARGV do
  local id = ARGV[i]
  local key = prefix .. 'event:' .. id
  local definition, metadata = unpack(redis.call('HMGET', key, EventField.DEFINITION,
    EventField.METADATA))
  if is_to_be_cut(definition) or is_to_be_cut(metadata) then
    local stored, fields = redis.call('HGETALL', key), {}
    for at = 1, #stored, 2 do
      local field, value = stored[at], stored[at + 1]
      if pieces[field] and is_to_be_cut(value) then
        for number = 1, math.ceil(#value / 64) do
          fields[#fields + 1] = pieces[field][number]
          fields[#fields + 1] = string.sub(value, number * 64 - 63, number * 64)
        end
      else
        fields[#fields + 1] = field; fields[#fields + 1] = value
      end
    end
    redis.call('DEL', key)
    redis.call('HSET', key, unpack(fields))
    changed = changed + 1
  end
end
return changed
