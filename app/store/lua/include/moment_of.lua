-- moment_of(id): the moment that an id begins with in 48 bits, the highest first; ms, in decimal.
-- That is when an event was created, or an occurrence's scheduled time (unless it is a callback).
local function moment_of(id)
  local a, b, c, d, e, f = string.byte(id, 1, 6)
  return string.format('%.0f', ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f)
end
