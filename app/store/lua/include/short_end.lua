-- short_end(one, now, started, line, status_code, body): the short form of an occurrence, as
-- read_attempt reads it and simple, that its first attempt has completed; nil if that would not say
-- it all. See short_forms.py.
local function short_end(one, now, started, line, status_code, body)
  local due = '1,' .. one.scheduled .. '000,'
  if string.sub(line, 1, #due) ~= due or started == '' then return nil end
  local rest = string.sub(line, #due + 1, -2)
  local code = string.match(rest, '^%-?%d*,%-?%d*,%-?%d*,%d*,%d*,%d*,(%d*),%-?%d*$')
  local ended, began = now - one.scheduled, started - one.scheduled
  if code ~= status_code or ended < 0 or began < 0 then return nil end
  return table.concat({one.event, ended, ',', began, ',=', rest, '\n', one.tags, '\t', body})
end
