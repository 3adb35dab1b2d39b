-- is_less(one, other): whether a text stands before another, byte for byte. (Lua itself compares
-- texts as the server's locale does.)
local function is_less(one, other)
  for i = 1, math.min(#one, #other) do
    local a, b = string.byte(one, i), string.byte(other, i)
    if a ~= b then return a < b end
  end
  return #one < #other
end
