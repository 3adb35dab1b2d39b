-- put_page(pages, ends, packed, page, ended, records): stores a page of records, the first of which
-- ended then; with no records there is no such page any more.
local function put_page(pages, ends, packed, page, ended, records)
  if records == '' then
    redis.call('HDEL', packed, page)
    redis.call('ZREM', pages, page)
    redis.call('ZREM', ends, page)
    return
  end
  redis.call('HSET', packed, page, records)
  redis.call('ZADD', pages, 0, page)
  redis.call('ZADD', ends, ended, page)
end
