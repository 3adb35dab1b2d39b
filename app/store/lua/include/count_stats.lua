-- count_stats(prefix, now, counts): adds counts by stat; see app.domain.stats. If nobody rolls them
-- up for long, and there are many, they are told apart by day and outcome alone.
local function count_stats(prefix, now, counts)
  local key, minute = prefix .. 'stats', math.floor(now / 60000)
  local is_full = next(counts) and redis.call('HLEN', key) >= 20000
  if is_full then minute = minute - minute % 1440 end
  for stat, count in pairs(counts) do
    if is_full then stat = '\26\t\26\t' .. string.match(stat, '[^\t]*$') end
    redis.call('HINCRBY', key, minute .. '\t' .. stat, count)
  end
end
