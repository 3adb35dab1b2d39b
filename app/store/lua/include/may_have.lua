-- may_have(scope, tags): whether a connection with this scope may have what bears these tags: all
-- of them are in it, and there is at least one.
local function may_have(scope, tags)
  if not scope then return false end
  if scope == '*' then return true end
  for tag in tags:gmatch('[^\n]+') do
    if not scope:find('\n' .. tag .. '\n', 1, true) then return false end
  end
  return tags ~= ''
end
