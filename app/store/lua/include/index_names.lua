-- index_names(event, status, tags): the keys of the indexes that an ended occurrence is in, without
-- their prefix; its event need not list it.
local function index_names(event, status, tags)
  local names = {'occurrences:' .. status, 'event:' .. event .. ':occurrences'}
  for tag in string.gmatch(tags, '[^\n]+') do
    names[#names + 1] = 'tag:' .. tag .. ':occurrences'
  end
  return names
end
