-- gather(command, key, arguments): runs a command with all of its arguments, if there are any.
local function gather(command, key, arguments)
  if #arguments > 0 then redis.call(command, key, unpack(arguments)) end
end
