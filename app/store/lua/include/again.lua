-- plan_again(prefix, again, soonest): makes occurrences due again, given as scores and members, and
-- wakes who sleeps longer than until the soonest of them.
local function plan_again(prefix, again, soonest)
  if not soonest then return end
  local head = redis.call('ZRANGE', prefix .. 'due', 0, 0, 'WITHSCORES')[2]
  redis.call('ZADD', prefix .. 'due', unpack(again))
  if not head or tonumber(soonest) < tonumber(head) then
    redis.call('PUBLISH', 'qh:wake', soonest)
  end
end
