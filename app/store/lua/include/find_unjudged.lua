-- find_unjudged(prefix, waiting, kept): returns id and scheduled time of each occurrence that waits
-- and of which kept does not say whether it stays.
local function find_unjudged(prefix, waiting, kept)
  local found = {}
  for _, occurrence in ipairs(waiting) do
    if not kept[occurrence] then
      found[#found + 1] = occurrence
      found[#found + 1] = redis.call('HGET', prefix .. 'occurrence:' .. occurrence,
        OccurrenceField.SCHEDULED)
    end
  end
  return found
end
