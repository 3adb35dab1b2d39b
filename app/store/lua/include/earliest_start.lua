-- earliest_start(id, now): when an occurrence that waits for its flow may start at the earliest.
-- Its id begins with its time. Who asks may have been held up since his now; but one whose time is
-- farther away than a second was redelivered before its time, and waits for that.
local function earliest_start(id, now)
  local scheduled = 0
  for i = 1, 6 do scheduled = scheduled * 256 + string.byte(id, i) end
  return scheduled > now and scheduled <= now + 1000 and scheduled or now
end
