-- unpacked_event(packed): what moving_event returned, of the text that packed_event made of it; and
-- of_field, its fields by their names.
local function unpacked_event(packed)
  local hash, name, created, paused, one = unpack(cmsgpack.unpack(packed), 1, 5)
  local of_field = {}
  for i = 1, #hash, 2 do of_field[hash[i]] = hash[i + 1] end
  return {hash = hash, name = name, created = created, paused = paused, of_field = of_field,
    occurrence = one and {id = one[1], scheduled = one[2], due = one[3], short = one[4],
    hash = one[5], listed = one[6]}}
end
