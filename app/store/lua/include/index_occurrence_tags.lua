-- index_occurrence_tags(prefix, tags, occurrence, scheduled): adds an occurrence to the indexes of
-- its tags (one a line); with scheduled false, removes it from them.
local function index_occurrence_tags(prefix, tags, occurrence, scheduled)
  for tag in string.gmatch(tags, '[^\n]+') do
    local index = prefix .. 'tag:' .. tag .. ':occurrences'
    if scheduled then
      redis.call('ZADD', index, scheduled, occurrence)
    else
      redis.call('ZREM', index, occurrence)
    end
  end
end
