-- Does: passes messages on to clients that are connected, each to that connection of its client
--       whose turn it is and whose token may have it. Forgets connections of processes that hear
--       nothing any more.
-- KEYS: 1 slot
-- ARGV: 1 prefix  2 window (how many messages a connection may have that it has not acknowledged)
--       3… per message: name (of its client), tags, content
-- Returns: per message: 1 if it was passed on, 0 if nobody is connected who may have it, -1 if all
--          of them have too many. A repeated call passes the messages on once more.
--#include may_have
local prefix, window = unpack(ARGV, 1, 2)
local answers, refused = {}, {}
for i = 3, #ARGV, 3 do
  local name, tags, content = unpack(ARGV, i, i + 2)
  local turns, scopes = prefix .. 'client:' .. name, prefix .. 'scopes:' .. name
  local waiting = prefix .. 'waiting:' .. name
  -- (Who could not have one message can't have another like it a moment later.)
  local alike = name .. '\n' .. tags
  local answer = refused[alike] or 0
  for _, connection in ipairs(refused[alike] and {} or redis.call('ZRANGE', turns, 0, -1)) do
    if may_have(redis.call('HGET', scopes, connection), tags) then
      if tonumber(redis.call('HGET', waiting, connection) or '0') >= tonumber(window) then
        answer = -1
      else
        local process, number = connection:match('^(%w+):(%d+)$')
        local heard = redis.call('PUBLISH', 'qh:live:' .. process,
          number .. '\n' .. name .. '\n' .. content)
        if heard > 0 then
          local last = redis.call('ZREVRANGE', turns, 0, 0, 'WITHSCORES')[2]
          redis.call('ZADD', turns, string.format('%.0f', tonumber(last) + 1), connection)
          redis.call('HINCRBY', waiting, connection, 1)
          answer = 1
          break
        end
        redis.call('ZREM', turns, connection)
        redis.call('HDEL', scopes, connection)
        redis.call('HDEL', waiting, connection)
      end
    end
  end
  if answer < 1 then refused[alike] = answer end
  answers[#answers + 1] = answer
end
return answers
