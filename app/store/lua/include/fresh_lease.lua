-- fresh_lease(short): what an occurrence's short form says of the attempt under way: when it last
-- changed, when the attempt began, the lease token, the tags; nil if none is. See short_forms.py.
local function fresh_lease(short)
  return string.match(short, '^(%d+),(%d+),([^\n]*)\n(.*)$', 17)
end
