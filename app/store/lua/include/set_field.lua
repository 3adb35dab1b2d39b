-- set_field(fields, field, value, before): adds a field to those that HSET is to write, unless it
-- is empty now and was absent before.
local function set_field(fields, field, value, before)
  if value == '' and not before then return end
  fields[#fields + 1] = field; fields[#fields + 1] = value
end
