--#include list_entry
--#include unlist_entry
-- index_terms(prefix, event, old, new): moves an event to its places in the index of terms. old and
-- new: its terms, one after the other, 6 bytes each; '' if it is created or deleted.
local function index_terms(prefix, event, old, new)
  local index, stays = prefix .. 'terms', {}
  for i = 1, #new, 6 do
    local term = string.sub(new, i, i + 5)
    stays[term] = true
    list_entry(index, term .. event)
  end
  for i = 1, #old, 6 do
    local term = string.sub(old, i, i + 5)
    if not stays[term] then unlist_entry(index, term .. event) end
  end
end
