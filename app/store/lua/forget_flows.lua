-- Does: deletes flows that nobody has used since a moment. A repeated call finds none.
-- KEYS: 1 flows (all)  2 used (when each was last used)
-- ARGV: 1 prefix  2 before (the moment)  3… per flow: flow
-- Returns: how many were deleted.
local flows, used = unpack(KEYS)
local prefix, before = unpack(ARGV, 1, 2)
local forgotten = 0
for i = 3, #ARGV do
  local flow = ARGV[i]
  local last_used = redis.call('ZSCORE', used, flow)
  if last_used and tonumber(last_used) < tonumber(before) then
    redis.call('DEL', prefix .. 'flow:' .. flow, prefix .. 'busy:' .. flow)
    redis.call('ZREM', flows, flow)
    redis.call('ZREM', used, flow)
    forgotten = forgotten + 1
  end
end
return forgotten
