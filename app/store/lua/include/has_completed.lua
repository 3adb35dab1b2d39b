-- has_completed(short): whether an occurrence's short form says that it has completed; short is
-- false for one that has no short form. See short_forms.py.
local function has_completed(short)
  return short and string.find(short, '^%d+,%d+,=', 17) ~= nil
end
