-- index_event(prefix, id, created, old, new): moves an event between the indexes of tags, calendars
-- and flows. old and new: {tags, calendars, flow} with one name a line, or false for none. An event
-- that is deleted has an empty new.
local function index_event(prefix, id, created, old, new)
  for i, kind in ipairs({'tag:', 'calendar:', 'flow-events:'}) do
    local suffix = kind == 'flow-events:' and '' or ':events'
    for name in string.gmatch(old[i] or '', '[^\n]+') do
      redis.call('ZREM', prefix .. kind .. name .. suffix, id)
    end
    for name in string.gmatch(new[i] or '', '[^\n]+') do
      redis.call('ZADD', prefix .. kind .. name .. suffix, created, id)
    end
  end
end
