-- join_pieces(first, second, third, fourth): the value that was stored in so many pieces; false if
-- there is none. See pieces.py.
local function join_pieces(first, second, third, fourth)
  if not second then return first end
  return first .. second .. (third or '') .. (fourth or '')
end
