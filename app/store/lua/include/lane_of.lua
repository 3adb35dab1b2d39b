-- lane_of(event): the number of an event's lane, as its id says it: the twelve bits after 80. What
-- is due in a lane is in the sorted set due:<lane>.
local function lane_of(event)
  local high, low = string.byte(event, 11, 12)
  return string.format('%d', high * 16 + (low - low % 16) / 16)
end
