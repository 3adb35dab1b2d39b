-- Does: moves occurrences that waited for their flow, and were let through by it, to the claimed
--       set under a lease, as claim_due does. A repeated call with the same token answers the same.
-- KEYS: 1 flowing (the flows with waiting occurrences)  2 claimed
-- ARGV: 1 prefix  2 now  3 deadline (of the leases)  4 token (of the leases)
--       5… per flow: flow, look (when to look at it again), count, members… (so many that wait)
-- Returns: two lists: the claims, each a row as claim_row makes it, without what waits no longer;
--          the flows for which others wait.
--#include read_occurrence
--#include read_event
--#include repeat_claim
--#include lease_occurrence
--#include move_leased
local flowing, claimed = unpack(KEYS)
local prefix, now, deadline, token = unpack(ARGV, 1, 4)
local claims, left = {}, {}
local batch = {fresh = {}, unscheduled = {}, claimed = {}, dispatched = {}, scheduled = {},
  retrying = {}, rows = {}, following = {}, due = {}}

local function claim_member(member, is_waiting)
  local occurrence = read_occurrence(prefix, string.sub(member, 17))
  if occurrence and occurrence.lease == token then
    local event = read_event(prefix, occurrence.event)
    claims[#claims + 1] = repeat_claim(occurrence, event, false)
    return
  end
  if is_waiting and occurrence and occurrence.awaits_attempt then
    local event = read_event(prefix, occurrence.event)
    claims[#claims + 1] = lease_occurrence(prefix, occurrence, event, token, deadline, now, batch)
  end
end

local i = 5
while i <= #ARGV do
  local flow, look, count = unpack(ARGV, i, i + 2)
  local waiting = prefix .. 'flow:' .. flow
  i = i + 3
  local members = {unpack(ARGV, i, i + count - 1)}
  if members[1] then
    local scores = redis.call('ZMSCORE', waiting, unpack(members))
    redis.call('ZREM', waiting, unpack(members))
    for number, member in ipairs(members) do claim_member(member, scores[number]) end
  end
  i = i + count
  if redis.call('EXISTS', waiting) == 0 then
    redis.call('ZREM', flowing, flow)
  else
    left[#left + 1] = flow
    if redis.call('ZSCORE', flowing, flow) ~= '0' then
      -- (0: it was woken meanwhile, and is to be looked at whatever was found before.)
      redis.call('ZADD', flowing, look, flow)
    end
  end
end
move_leased(prefix, claimed, batch, now)
return {claims, left}
