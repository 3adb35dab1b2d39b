-- append_log_line(log, replaces_last, line): an attempt log with one line more, or with that line
-- in place of its last; with the line '' as it is. It keeps a hundred lines, without the oldest.
local function append_log_line(log, replaces_last, line)
  log = log or ''
  if line == '' then return log end
  -- (Anchored at the start: else it would be tried from every character of the log.)
  if replaces_last then log = string.match(log, '^(.*\n)[^\n]*\n$') or '' end
  local _, lines = string.gsub(log, '\n', '\n')
  for _ = 100, lines do
    log = string.sub(log, string.find(log, '\n', 1, true) + 1)
  end
  return log .. line
end
