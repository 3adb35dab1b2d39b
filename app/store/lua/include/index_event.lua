-- index_event(prefix, id, created, was, is): lists an event under its tags, calendars and flow, and
-- no longer under those that it had. was and is: tags, calendars (one a line each), flow, or false;
-- for one that is deleted, is is empty.
local function index_event(prefix, id, created, was, is)
  local function each(names, kind, act)
    for name in string.gmatch(names or '', '[^\n]+') do
      act(prefix .. kind .. name .. (kind == 'flow-events:' and '' or ':events'))
    end
  end
  for i, kind in ipairs({'tag:', 'calendar:', 'flow-events:'}) do
    each(was[i], kind, function(index) redis.call('ZREM', index, id) end)
    each(is[i], kind, function(index) redis.call('ZADD', index, created, id) end)
  end
end
