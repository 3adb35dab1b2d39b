-- with_line(log, replaces, line): an attempt log with one line more, or with that in the place of its
-- last ('': as it is); a hundred at most, without the oldest.
local function with_line(log, replaces, line)
  log = log or ''
  if line == '' then return log end
  -- (Anchored at the start: else it would be tried from every character of the log.)
  if replaces then log = string.match(log, '^(.*\n)[^\n]*\n$') or '' end
  local _, lines = string.gsub(log, '\n', '\n')
  for _ = 100, lines do
    log = string.sub(log, string.find(log, '\n', 1, true) + 1)
  end
  return log .. line
end
