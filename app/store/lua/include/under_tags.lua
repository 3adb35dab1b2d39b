-- under_tags(prefix, tags, occurrence, scheduled): lists an occurrence under tags (one a line); with
-- scheduled false, no longer.
local function under_tags(prefix, tags, occurrence, scheduled)
  for tag in string.gmatch(tags, '[^\n]+') do
    local index = prefix .. 'tag:' .. tag .. ':occurrences'
    if scheduled then
      redis.call('ZADD', index, scheduled, occurrence)
    else
      redis.call('ZREM', index, occurrence)
    end
  end
end
