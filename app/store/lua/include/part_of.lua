-- part_of(index, entry): the part of an index in parts to which an entry belongs, and the first
-- entry that can be in it ('' for the first part).
local function part_of(index, entry)
  local bound = redis.call('ZREVRANGEBYLEX', index, '[' .. entry, '-', 'LIMIT', 0, 1)[1] or ''
  return index .. ':' .. bound, bound
end
