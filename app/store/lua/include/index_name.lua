--#include list_entry
--#include unlist_entry
-- index_name(prefix, event, old, new): moves an event to its place in the index of names. old and
-- new: what it was called and is called now, see stored_name; false if it is created or deleted.
local function index_name(prefix, event, old, new)
  if old and old ~= new then unlist_entry(prefix .. 'names', old .. '\0' .. event) end
  if new then list_entry(prefix .. 'names', new .. '\0' .. event) end
end
