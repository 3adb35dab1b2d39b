-- read_judged(judged): reads a string of ids, each followed by '1' (the occurrence stays) or '0'.
local function read_judged(judged)
  local kept = {}
  for at = 1, #judged, 17 do
    kept[string.sub(judged, at, at + 15)] = string.sub(judged, at + 16, at + 16)
  end
  return kept
end
