-- created_of(event): when an event was created, ms, in decimal: its id begins with that in 48 bits,
-- the highest first.
local function created_of(event)
  local a, b, c, d, e, f = string.byte(event, 1, 6)
  return string.format('%.0f', ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f)
end
