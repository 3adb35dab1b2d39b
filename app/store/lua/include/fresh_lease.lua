-- fresh_lease(short): what an occurrence's short form says of its attempt: when it last changed,
-- when the attempt began, the lease token, the tags; nil if there was none. Of one that has
-- completed, the token is what no lease has; see has_completed and short_forms.py.
local function fresh_lease(short)
  return string.match(short, '^(%d+),(%d+),([^\n]*)\n(.*)$', 17)
end
