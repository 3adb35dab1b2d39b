-- shortened(log): an attempt log without its oldest lines, so that one more makes a hundred at most.
local function shortened(log)
  local _, lines = string.gsub(log, '\n', '\n')
  for _ = 100, lines do
    log = string.sub(log, string.find(log, '\n', 1, true) + 1)
  end
  return log
end
