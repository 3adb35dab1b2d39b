-- Does: reads what follows a position in indexes, as read_entries, and keeps of it what fits every
--       clause. It changes nothing.
-- KEYS: 1 slot (one of the indexes)
-- ARGV: 1 order  2 bound  3 score  4 member  5 takes_position  6 count (as read_entries has them)
--       7… per index: use ('read'; or of a clause, by its number: 'has 1', and what is in it fits,
--          or 'lacks 1', and what is not in it does), key
-- Returns: per index that is read: how many entries were, the last of them and its score (none if
--          nothing was), then the members and scores of those that fit.
--#include read_index
--#include in_leaves
local order, bound, score, member, takes_position, count = unpack(ARGV, 1, 6)
local newest = order == 'newest'
local indexes, clauses, found = {}, {}, {}
for i = 7, #ARGV, 2 do
  local use, key = unpack(ARGV, i, i + 1)
  if use == 'read' then
    indexes[#indexes + 1] = key
  else
    local kind, number = string.match(use, '(%a+) (%d+)')
    local clause = clauses[tonumber(number)] or {}
    clause[#clause + 1] = {key, kind == 'has'}
    clauses[tonumber(number)] = clause
  end
end

-- Returns those members that fit a clause.
local function fitting(members, clause)
  local fits, kept = {}, {}
  for _, one in ipairs(clause) do
    local key, wanted = unpack(one)
    local packed = in_leaves(key, members)
    for at, stored in ipairs(redis.call('ZMSCORE', key, unpack(members))) do
      if (stored ~= false or packed[members[at]] == true) == wanted then fits[at] = true end
    end
  end
  for at, one in ipairs(members) do
    if fits[at] then kept[#kept + 1] = one end
  end
  return kept
end

for _, key in ipairs(indexes) do
  local entries = read_index(key, newest, bound, score, member, takes_position == '1',
    tonumber(count))
  local members, scores = {}, {}
  for at = 1, #entries, 2 do
    members[#members + 1] = entries[at]
    scores[entries[at]] = entries[at + 1]
  end
  local row = {#members, entries[#entries - 1], entries[#entries]}
  for _, clause in ipairs(clauses) do
    if #members > 0 then members = fitting(members, clause) end
  end
  for _, one in ipairs(members) do
    row[#row + 1] = one
    row[#row + 1] = scores[one]
  end
  found[#found + 1] = row
end
return found
