-- first_bytes(moment): what the id of an occurrence begins with that is scheduled then (ms). What
-- lies before or behind all ids is the least or the greatest of them.
local function first_bytes(moment)
  local rest, bytes = math.min(math.max(tonumber(moment), 0), 281474976710655), {}
  for at = 6, 1, -1 do
    bytes[at] = string.char(rest % 256)
    rest = math.floor(rest / 256)
  end
  return table.concat(bytes)
end
