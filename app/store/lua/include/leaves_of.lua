-- leaves_of(key): of an index, the key of the list of its leaves, and what stands before and behind
-- a leaf's name in the leaf's key; nil for what is in no partition. See leaves.py.
local function leaves_of(key)
  local prefix, index = string.match(key, '^(qh:{%d+}:)(.*)$')
  if not prefix then return nil end
  return prefix .. 'leaves:' .. index, prefix .. 'leaf:', index
end
