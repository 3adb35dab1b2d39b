--#include first_rank
--#include first_bytes
--#include is_less
--#include moment_of
--#include leaves_of
--#include read_leaves
-- read_index(key, newest, bound, score, member, takes_position, count): members and scores of what
-- follows a position in an index, also in its leaves, at most so many; as first_rank has it.
local function read_index(key, newest, bound, score, member, takes_position, count)
  local first = first_rank(key, newest, bound, score, member, takes_position)
  local range = newest and 'ZREVRANGE' or 'ZRANGE'
  local listed = redis.call(range, key, first, first + count - 1, 'WITHSCORES')
  local leaves = leaves_of(key)
  if not leaves or redis.call('EXISTS', leaves) == 0 then return listed end

  -- What is in leaves is in the order of ids, and each begins with its score.
  local edge, takes_edge = '', takes_position
  if member ~= '' then
    local begin = first_bytes(score)
    edge = member
    if string.sub(member, 1, 6) ~= begin then
      edge, takes_edge = is_less(member, begin) and begin or begin .. string.rep('\255', 10), false
    end
  elseif not string.find(bound, 'inf', 1, true) then
    edge = first_bytes(bound) .. (newest and string.rep('\255', 10) or '')
    takes_edge = true
  end
  local ids = read_leaves(key, newest, edge, takes_edge, count)
  local found, at = {}, 1
  local function take(one, its_score)
    found[#found + 1] = one
    found[#found + 1] = its_score
  end
  for _, id in ipairs(ids) do
    local moment = tonumber(moment_of(id))
    while listed[at] do
      local other, one = tonumber(listed[at + 1]), listed[at]
      local is_first = other == moment and is_less(one, id) or other < moment
      if newest then is_first = not is_first end
      if not is_first then break end
      take(one, listed[at + 1])
      at = at + 2
    end
    take(id, moment_of(id))
  end
  while listed[at] do
    take(listed[at], listed[at + 1])
    at = at + 2
  end
  for last = #found, 2 * count + 1, -1 do found[last] = nil end
  return found
end
