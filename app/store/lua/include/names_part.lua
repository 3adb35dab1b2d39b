-- names_part(prefix, entry): the part of the index of names to which an entry belongs, and the
-- first entry that can be in it ('' for the first part).
local function names_part(prefix, entry)
  local bound = redis.call('ZREVRANGEBYLEX', prefix .. 'names', '[' .. entry, '-', 'LIMIT', 0,
    1)[1] or ''
  return prefix .. 'names:' .. bound, bound
end
