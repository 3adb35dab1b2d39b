-- Does: moves occurrences that are due, or soon will be, to the claimed under a lease and
--       returns all that a delivery needs; has those whose event is in a flow wait for it instead.
--       Those with an overlap policy are left alone until they are due while others of their series
--       may be in their way, or if they are in a flow: what decides about them may yet change. So
--       are retries in a flow, which would go ahead of what is due before them. The same request,
--       sent again, gets the same occurrences.
-- KEYS: 1 lanes  2 claimed  3 last_claim (of this worker)
-- ARGV: 1 prefix  2 now  3 limit (how many at most)  4 deadline (of the leases)  5 token (of the
--       leases)  6 request (its number)  7 horizon (until when what is claimed may be due)
--       8 passed_over (lanes from which nothing is claimed, see take_due)
--       9 exact (lanes from which nothing is claimed before it is due)
--       10 turn (how often this worker has asked this partition, see take_due)
--       11 weights (of lanes, see take_due)
-- Returns: four lists: the claims, each a row as claim_row makes it; when those that were left
--          alone are due, a colon and their lane; the flows for which one waits now; the lanes in
--          which something is due first, each with that moment, one more than there are in exact,
--          but no more than 17.
--#include give_hash
--#include read_shorts
--#include read_short
--#include lease_fresh
--#include read_occurrence
--#include read_event
--#include repeat_claim
--#include enter_flow
--#include is_unopposed
--#include take_due
--#include lane_of
--#include add_due
--#include lease_occurrence
--#include move_leased
local lanes, claimed, last_claim = unpack(KEYS)
local prefix, now, limit, deadline, token, request, horizon, passed_over,
  exact, turn, weights = unpack(ARGV, 1, 11)
local claims, early, flows = {}, {}, {}

local function list_heads()
  local _, commas = string.gsub(exact, ',', '')
  local last = math.min(math.max(commas - 1, 0), 16)
  return redis.call('ZRANGE', lanes, 0, last, 'WITHSCORES')
end

local last = redis.call('GET', last_claim)
if last and string.sub(last, 1, #request + 1) == request .. ':' then
  for at = #request + 2, #last, 16 do
    local occurrence = read_occurrence(prefix, string.sub(last, at, at + 15))
    if occurrence and occurrence.flow then
      flows[#flows + 1] = occurrence.flow
      local event = read_event(prefix, occurrence.event)
      if event.overlap and not event.next and not occurrence.attempts then
        claims[#claims + 1] = repeat_claim(occurrence, event, 'waits')
      end
    elseif occurrence and occurrence.lease == token then
      local event = read_event(prefix, occurrence.event)
      claims[#claims + 1] = repeat_claim(occurrence, event, false)
    end
  end
  return {claims, early, flows, list_heads()}
end

local ids = take_due(prefix, lanes, now, horizon, limit, passed_over, exact, turn,
  weights)
if #ids == 0 then return {claims, early, flows, list_heads()} end
redis.call('SET', last_claim, request .. ':' .. table.concat(ids), 'PX', 600000)
local batch = {fresh = {}, unscheduled = {}, claimed = {}, dispatched = {}, scheduled = {},
  retrying = {}, rows = {}, following = {}, due = {}, looks = {}}

-- Claims one that is stored in short form, if its event has it sent whatever else there is; returns
-- the row. Else it has a hash from now on.
local function claim_fresh(id, short)
  local occurrence = read_short(prefix, id, short)
  local event = read_event(prefix, occurrence.event)
  local is_next = event.next == occurrence.scheduled
  if is_next and not event.flow and not event.overlap and occurrence.awaits_attempt then
    return lease_fresh(prefix, occurrence, event, token, deadline, now, batch)
  end
  if is_next or redis.call('ZSCORE', prefix .. 'occurrences:scheduled', id) then
    give_hash(prefix, id)
  elseif occurrence.awaits_attempt then
    -- An earlier version, which knows no short forms, has taken it away.
    redis.call('HDEL', prefix .. 'fresh', id)
  end
end

local short_of = read_shorts(prefix, ids)
for _, id in ipairs(ids) do
  local short = short_of[id]
  local row = short and claim_fresh(id, short)
  if row then claims[#claims + 1] = row end
  local occurrence = not row and read_occurrence(prefix, id)
  -- (One of this batch may have cancelled it a moment ago.)
  if occurrence and occurrence.awaits_attempt then
    local event = read_event(prefix, occurrence.event)
    local due_ms = occurrence.next_attempt or occurrence.scheduled
    local is_bound = (event.flow or event.overlap) and not occurrence.callback
    local may_wait_early = not event.overlap and not occurrence.next_attempt
    if is_bound and not event.flow and is_unopposed(prefix, occurrence, event, due_ms) then
      claims[#claims + 1] = lease_occurrence(prefix, occurrence, event, token, deadline, now, batch)
    elseif is_bound and tonumber(due_ms) > tonumber(now) and not may_wait_early then
      add_due(batch.due, occurrence.event, id, due_ms)
      early[#early + 1] = due_ms .. ':' .. lane_of(occurrence.event)
    elseif is_bound and event.flow then
      local waits_for_flow, row = enter_flow(prefix, occurrence, event, now, batch)
      if waits_for_flow then flows[#flows + 1] = event.flow end
      claims[#claims + 1] = row
    else
      claims[#claims + 1] = lease_occurrence(prefix, occurrence, event, token, deadline, now, batch)
    end
  end
end
move_leased(prefix, claimed, batch, now)
return {claims, early, flows, list_heads()}
