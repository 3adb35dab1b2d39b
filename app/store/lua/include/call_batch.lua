-- call_batch(command, key, arguments): runs a command once for a batch of arguments, unless it is
-- empty: one call for all costs less than a call for each.
local function call_batch(command, key, arguments)
  if #arguments > 0 then redis.call(command, key, unpack(arguments)) end
end
