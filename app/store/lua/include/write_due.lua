-- write_due(prefix, batch): stores what add_due has added to a batch, and returns the earliest
-- moment in it, nil for none.
local function write_due(prefix, batch)
  local heads, soonest = {}, nil
  for lane, entries in pairs(batch) do
    redis.call('ZADD', prefix .. 'due:' .. lane, unpack(entries))
    local head = entries[1]
    for i = 3, #entries, 2 do
      if tonumber(entries[i]) < tonumber(head) then head = entries[i] end
    end
    heads[#heads + 1] = head; heads[#heads + 1] = lane
    if not soonest or tonumber(head) < tonumber(soonest) then soonest = head end
  end
  if soonest then redis.call('ZADD', prefix .. 'lane-heads', 'LT', unpack(heads)) end
  return soonest
end
